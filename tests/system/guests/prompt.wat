;; Ask without a newline, wait for an answer, say it again.
(module
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "name? ")
  (data (i32.const 80) "hello ")

  (func $write (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
      (then unreachable)))

  (func (export "_start")
    (call $write (i32.const 64) (i32.const 6))
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.const 1024))
    (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 12))
      (then unreachable))
    (call $write (i32.const 80) (i32.const 6))
    (call $write (i32.const 1024) (i32.load (i32.const 12)))))
