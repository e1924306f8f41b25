;; Guests of bench/io.py, to be invoked: write count chunks of some size to
;; standard output; read standard input to its end in such chunks.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 20)

  (func $iovec (param $size i32)
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (local.get $size)))

  (func (export "write") (param $size i32) (param $count i32)
    (call $iovec (local.get $size))
    (loop $more
      (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
            (i32.const 8))
        (then unreachable))
      (br_if $more (local.tee $count
        (i32.sub (local.get $count) (i32.const 1))))))

  (func (export "read") (param $size i32)
    (call $iovec (local.get $size))
    (loop $more
      (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1)
            (i32.const 8))
        (then unreachable))
      (br_if $more (i32.load (i32.const 8))))))
