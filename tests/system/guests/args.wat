;; Write the arguments to standard output and the environment to standard
;; error, each string with its NUL.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get"
    (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get"
    (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 8)

  ;; 0: count, 4: bytes; 16: iovec; 64: pointers; 65536: the strings
  (func $write (param $fd i32)
    (i32.store (i32.const 16) (i32.const 65536))
    (i32.store (i32.const 20) (i32.load (i32.const 4)))
    (if (call $fd_write (local.get $fd) (i32.const 16) (i32.const 1)
          (i32.const 24))
      (then unreachable)))

  (func (export "_start")
    (if (call $args_sizes_get (i32.const 0) (i32.const 4)) (then unreachable))
    (if (call $args_get (i32.const 64) (i32.const 65536)) (then unreachable))
    (call $write (i32.const 1))
    (if (call $environ_sizes_get (i32.const 0) (i32.const 4))
      (then unreachable))
    (if (call $environ_get (i32.const 64) (i32.const 65536))
      (then unreachable))
    (call $write (i32.const 2))))
