;; Write what no two runs have in common: 32 random bytes, the four clocks, how
;; long a sleep of an hour took, and NaNs made of numbers and of random payloads;
;; then what one read of standard input gives, up to 4 KiB.
(module
  (import "wasi_snapshot_preview1" "random_get"
    (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  ;; 1024: results; 256: a subscription, 320: its event; 0: iovec
  (func $now (param $clock i32) (param $to i32)
    (if (call $clock_time_get (local.get $clock) (i64.const 0)
          (local.get $to))
      (then unreachable)))

  (func (export "_start")
    (local $i i32)
    (if (call $random_get (i32.const 1024) (i32.const 32))
      (then unreachable))
    (loop $clocks
      (call $now (local.get $i)
        (i32.add (i32.const 1056) (i32.shl (local.get $i) (i32.const 3))))
      (br_if $clocks (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1)))
        (i32.const 4))))
    ;; an hour on the monotonic clock
    (i32.store (i32.const 272) (i32.const 1))
    (i64.store (i32.const 280) (i64.const 3600000000000))
    (if (call $poll_oneoff (i32.const 256) (i32.const 320) (i32.const 1)
          (i32.const 384))
      (then unreachable))
    (call $now (i32.const 1) (i32.const 1088))
    ;; 0 / 0, and the sum of a NaN with random bits and a number
    (f64.store (i32.const 1096) (f64.div (f64.const 0) (f64.const 0)))
    (f64.store (i32.const 1104) (f64.add (f64.const 1)
      (f64.reinterpret_i64 (i64.or (i64.const 0x7ff8000000000000)
        (i64.load (i32.const 1024))))))
    ;; standard input
    (i32.store (i32.const 0) (i32.const 1112))
    (i32.store (i32.const 4) (i32.const 4096))
    (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1)
          (i32.const 8))
      (then unreachable))
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.add (i32.const 88)
      (i32.load (i32.const 8))))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
          (i32.const 8))
      (then unreachable))))
