;; Says its letters when it starts and when it is initialised. Its memory is
;; the one at that name, so that it can be any link of a chain.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "s\ni\nm\n")
  (func $say (param i32)
    (i32.store (i32.const 0) (local.get 0))
    (i32.store (i32.const 4) (i32.const 2))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
      (i32.const 20))))
  (func $start (call $say (i32.const 8)))
  (func (export "_initialize") (call $say (i32.const 10)))
  (func (export "_start") (call $say (i32.const 12)))
  (func (export "fail") unreachable)
  (start $start))
