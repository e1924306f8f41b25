;; Sends back what comes over the connection of descriptor 3, or the first one
;; that it accepts; at its end shuts down its own direction. Exits with the errno
;; of what failed.
(module
  (import "wasi_snapshot_preview1" "sock_accept"
    (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv"
    (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send"
    (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown"
    (func $shutdown (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close"
    (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)

  ;; 0: an iovec; 8: a count; 12: a descriptor; 16: flags; 65536: a buffer

  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $exit (local.get $errno)))))

  (func $send_all (param $fd i32) (param $len i32)
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (local.get $len))
    (loop $rest
      (call $check (call $send (local.get $fd) (i32.const 0) (i32.const 1)
        (i32.const 0) (i32.const 8)))
      (i32.store (i32.const 0)
        (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 8))))
      (i32.store (i32.const 4)
        (i32.sub (i32.load (i32.const 4)) (i32.load (i32.const 8))))
      (br_if $rest (i32.load (i32.const 4)))))

  (func $echo (param $fd i32)
    (loop $next
      (i32.store (i32.const 0) (i32.const 65536))
      (i32.store (i32.const 4) (i32.const 65536))
      (call $check (call $recv (local.get $fd) (i32.const 0) (i32.const 1)
        (i32.const 0) (i32.const 8) (i32.const 16)))
      (if (i32.load (i32.const 8)) (then
        (call $send_all (local.get $fd) (i32.load (i32.const 8)))
        (br $next)))))

  (func (export "_start")
    (local $errno i32)
    (local.set $errno (call $accept (i32.const 3) (i32.const 0)
      (i32.const 12)))
    ;; inval: it does not listen, so it is the connection
    (if (i32.eq (local.get $errno) (i32.const 28))
      (then (i32.store (i32.const 12) (i32.const 3)))
      (else (call $check (local.get $errno))))
    (call $echo (i32.load (i32.const 12)))
    (call $check (call $shutdown (i32.load (i32.const 12)) (i32.const 2)))
    (call $check (call $close (i32.load (i32.const 12))))))
