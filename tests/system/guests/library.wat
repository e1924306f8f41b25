;; What others import: one of each kind, a start function, a trap, and WASI
;; called for its own memory.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table (export "table") 4 funcref)
  (global $started (export "started") (mut i32) (i32.const 0))
  (tag (export "tag") (param i32))
  (elem (i32.const 1) $triple)
  (data (i32.const 8) "library\n")
  (func $triple (param i32) (result i32)
    (i32.mul (local.get 0) (i32.const 3)))
  (func $add (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func $divide (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
  (func (export "say")
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (i32.const 8))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
      (i32.const 20))))
  (func $start (global.set $started (i32.const 42)))
  (start $start))
