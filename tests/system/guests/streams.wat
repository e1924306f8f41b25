;; Write to both streams in turn: o0 e0 o1 e1 ... o9 e9.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "o0 ")
  (data (i32.const 72) "e0 ")

  (func $write (param $fd i32) (param $at i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (i32.const 3))
    (if (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1)
          (i32.const 8))
      (then unreachable))
    (i32.store8 (i32.add (local.get $at) (i32.const 1))
      (i32.add (i32.const 1)
        (i32.load8_u (i32.add (local.get $at) (i32.const 1))))))

  (func (export "_start")
    (loop $more
      (call $write (i32.const 1) (i32.const 64))
      (call $write (i32.const 2) (i32.const 72))
      (br_if $more (i32.le_u (i32.load8_u (i32.const 65)) (i32.const 57))))))
