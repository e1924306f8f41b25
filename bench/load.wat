;; The guest of bench/load: a command that says its first argument; to be
;; invoked, one that writes count chunks of 64 KiB; and one that remembers how
;; often it was called.
(module
  (import "wasi_snapshot_preview1" "args_get"
    (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $count (mut i32) (i32.const 0))

  (func $write (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
          (i32.const 8))
      (then unreachable)))

  ;; The pointers are at 64, the strings from 128 on; the last one's end is that
  ;; of all of them.
  (func (export "_start")
    (if (call $args_sizes_get (i32.const 16) (i32.const 20))
      (then unreachable))
    (if (call $args_get (i32.const 64) (i32.const 128))
      (then unreachable))
    (call $write (i32.load (i32.const 68))
      (i32.sub
        (i32.add (i32.const 127) (i32.load (i32.const 20)))
        (i32.load (i32.const 68)))))

  (func (export "write") (param $count i32)
    (loop $more
      (call $write (i32.const 65536) (i32.const 65536))
      (br_if $more (local.tee $count
        (i32.sub (local.get $count) (i32.const 1))))))

  (func (export "count") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.get $count)))
