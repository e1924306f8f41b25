;; Passes calls on to the one before it, and exports them again.
(module
  (import "before" "add" (func $add (param i32 i32) (result i32)))
  (import "before" "divide" (func $divide (param i32 i32) (result i32)))
  (export "divide" (func $divide))
  (func $twice (export "add") (param i32 i32) (result i32)
    (i32.mul (i32.const 2) (call $add (local.get 0) (local.get 1)))))
