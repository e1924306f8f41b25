;; Sleep for the milliseconds given: poll_oneoff with one subscription to a
;; clock. The command sleeps for an hour.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; The subscription is at 0: tag at 8, clock id at 16, timeout at 24,
  ;; precision at 32, flags at 40. The event goes to 64.
  (func $sleep (export "sleep") (param $ms i64)
    (i32.store8 (i32.const 8) (i32.const 0))
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24)
      (i64.mul (local.get $ms) (i64.const 1000000)))
    (if (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1)
          (i32.const 128))
      (then unreachable)))
  (func (export "_start") (call $sleep (i64.const 3600000))))
