;; Import what nobody defines.
(module
  (import "env" "nowhere" (func $nowhere (param i32)))
  (func (export "_start") (call $nowhere (i32.const 1))))
