;; Make 40000 calls whose lines in a trace are as long as any, and exit with 5.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (local $i i32)
    (memory.fill (i32.const 1024) (i32.const 1) (i32.const 1024))
    (loop $iovs
      (i32.store (i32.shl (local.get $i) (i32.const 3)) (i32.const 1024))
      (i32.store offset=4 (i32.shl (local.get $i) (i32.const 3))
        (i32.const 64))
      (br_if $iovs (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1)))
        (i32.const 8))))
    (local.set $i (i32.const 40000))
    (loop $calls
      (drop (call $fd_write (i32.const 7) (i32.const 0) (i32.const 8)
        (i32.const 512)))
      (br_if $calls
        (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (call $proc_exit (i32.const 5))))
