;; A program of the older interface: sleeps 30 ms by a subscription with an
;; identifier in it, and prints "old\n" if what it was told lies where that
;; interface has it; else it ends with the number of the check that failed.
(module
  (import "wasi_unstable" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_unstable" "fd_filestat_get"
    (func $fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_unstable" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_unstable" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_unstable" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "old\n")
  ;; a ciovec
  (data (i32.const 16) "\00\00\00\00\04\00\00\00")
  ;; a subscription at 64: userdata, type 0; then from 80 the identifier, the
  ;; clock 1, the timeout 30,000,000 ns
  (data (i32.const 64) "\2a")
  (data (i32.const 80) "\ff\ff\ff\ff\ff\ff\ff\ff\01")
  (data (i32.const 96) "\80\c3\c9\01")

  (func $now (result i64)
    (drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 32)))
    (i64.load (i32.const 32)))

  (func $check (param $number i32) (param $good i32)
    (if (i32.eqz (local.get $good))
      (then (call $proc_exit (local.get $number)))))

  (func (export "_start") (local $before i64)
    ;; 56 bytes, with the number of links at 20
    (i64.store (i32.const 456) (i64.const -1))
    (call $check (i32.const 1)
      (i32.eqz (call $fd_filestat_get (i32.const 1) (i32.const 400))))
    (call $check (i32.const 2)
      (i32.eq (i32.load (i32.const 420)) (i32.const 1)))
    (call $check (i32.const 3)
      (i64.eq (i64.load (i32.const 456)) (i64.const -1)))

    (local.set $before (call $now))
    (call $check (i32.const 4)
      (i32.eqz (call $poll_oneoff (i32.const 64) (i32.const 200)
        (i32.const 1) (i32.const 300))))
    (call $check (i32.const 5)
      (i64.ge_u (i64.sub (call $now) (local.get $before))
        (i64.const 30000000)))
    (call $check (i32.const 6)
      (i64.eq (i64.load (i32.const 200)) (i64.const 42)))
    (call $check (i32.const 7)
      (i32.eq (i32.load (i32.const 300)) (i32.const 1)))

    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1)
      (i32.const 300)))))
