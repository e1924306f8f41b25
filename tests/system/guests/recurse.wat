;; Call for ever: with few locals, with many, and through a table.
(module
  (type $none (func))
  (table 1 funcref)
  (elem (i32.const 0) $indirect)
  (memory (export "memory") 1)
  (func $deep (export "_start") (call $deep))
  (func $wide (export "wide")
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (call $wide))
  (func $indirect (export "indirect")
    (call_indirect (type $none) (i32.const 0))))
