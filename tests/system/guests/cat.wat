;; Copy standard input to standard output as it comes.
(module
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)

  ;; 0: iovec, 8: bytes read or written; 65536: the bytes
  (func (export "_start") (local $left i32)
    (loop $more
      (i32.store (i32.const 0) (i32.const 65536))
      (i32.store (i32.const 4) (i32.const 65536))
      (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1)
            (i32.const 8))
        (then unreachable))
      (local.set $left (i32.load (i32.const 8)))
      (if (i32.eqz (local.get $left)) (then return))
      (loop $rest
        (i32.store (i32.const 4) (local.get $left))
        (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
              (i32.const 8))
          (then unreachable))
        (i32.store (i32.const 0)
          (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 8))))
        (local.set $left
          (i32.sub (local.get $left) (i32.load (i32.const 8))))
        (br_if $rest (local.get $left)))
      (br $more))))
