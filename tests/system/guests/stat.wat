;; Write for each of the descriptors 0 to 2 its type, 255 if it is not open, and
;; its rights, 9 bytes each: to standard output, or standard error without it.
(module
  (import "wasi_snapshot_preview1" "fd_fdstat_get"
    (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "_start")
    (local $fd i32) (local $to i32) (local $errno i32)
    (loop $all
      (local.set $to
        (i32.add (i32.const 64) (i32.mul (local.get $fd) (i32.const 9))))
      (local.set $errno (call $fd_fdstat_get (local.get $fd) (i32.const 16)))
      (if (local.get $errno)
        (then
          (if (i32.ne (local.get $errno) (i32.const 8)) (then unreachable))
          (i32.store8 (local.get $to) (i32.const 255)))
        (else
          (i32.store8 (local.get $to) (i32.load8_u (i32.const 16)))
          (i64.store (i32.add (local.get $to) (i32.const 1))
            (i64.load (i32.const 24)))))
      (br_if $all (i32.lt_u
        (local.tee $fd (i32.add (local.get $fd) (i32.const 1)))
        (i32.const 3))))
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 27))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
          (i32.const 8))
      (then
        (if (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1)
              (i32.const 8))
          (then unreachable))))))
