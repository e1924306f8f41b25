;; A file or directory of the first granted directory, descriptor 3. The first
;; letter of argument 1 says what is done with the path of argument 2:
;;   r  copy it to standard output      w  copy standard input to it
;;   l  its entries, as fd_readdir gives them, to standard output
;;   d  make it a directory             u  unlink it
;;   m  rename it to argument 3
;; Exits with the errno of what failed.
(module
  (import "wasi_snapshot_preview1" "args_get"
    (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir"
    (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory"
    (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename"
    (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4)

  ;; 0: an iovec; 8: a count; 12: a descriptor; 64: argv; 4096: its strings
  ;; 65536: a buffer of 64 KiB

  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $exit (local.get $errno)))))

  (func $arg (param $i i32) (result i32)
    (i32.load (i32.add (i32.const 64)
      (i32.mul (local.get $i) (i32.const 4)))))

  (func $len (param $s i32) (result i32)
    (local $at i32)
    (local.set $at (local.get $s))
    (block $end
      (loop $next
        (br_if $end (i32.eqz (i32.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $at) (local.get $s)))

  (func $open (param $oflags i32) (param $rights i64)
    (call $check (call $path_open (i32.const 3) (i32.const 1)
      (call $arg (i32.const 2)) (call $len (call $arg (i32.const 2)))
      (local.get $oflags) (local.get $rights) (i64.const 0) (i32.const 0)
      (i32.const 12))))

  (func $copy (param $from i32) (param $to i32)
    (loop $next
      (i32.store (i32.const 0) (i32.const 65536))
      (i32.store (i32.const 4) (i32.const 65536))
      (call $check (call $fd_read (local.get $from) (i32.const 0)
        (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (call $check (call $fd_write (local.get $to) (i32.const 0)
        (i32.const 1) (i32.const 8)))
      (br_if $next (i32.load (i32.const 4)))))

  (func $list
    (call $open (i32.const 2) (i64.const 0x4000))
    (call $check (call $fd_readdir (i32.load (i32.const 12))
      (i32.const 65536) (i32.const 65536) (i64.const 0) (i32.const 8)))
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (call $check (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
      (i32.const 8))))

  (func (export "_start")
    (local $what i32) (local $path i32) (local $len i32)
    (call $check (call $args_get (i32.const 64) (i32.const 4096)))
    (local.set $what (i32.load8_u (call $arg (i32.const 1))))
    (local.set $path (call $arg (i32.const 2)))
    (local.set $len (call $len (local.get $path)))
    (if (i32.eq (local.get $what) (i32.const 0x72)) (then
      (call $open (i32.const 0) (i64.const 2))
      (call $copy (i32.load (i32.const 12)) (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 0x77)) (then
      (call $open (i32.const 9) (i64.const 64))
      (call $copy (i32.const 0) (i32.load (i32.const 12)))))
    (if (i32.eq (local.get $what) (i32.const 0x6c)) (then (call $list)))
    (if (i32.eq (local.get $what) (i32.const 0x64)) (then
      (call $check (call $mkdir (i32.const 3) (local.get $path)
        (local.get $len)))))
    (if (i32.eq (local.get $what) (i32.const 0x75)) (then
      (call $check (call $unlink (i32.const 3) (local.get $path)
        (local.get $len)))))
    (if (i32.eq (local.get $what) (i32.const 0x6d)) (then
      (call $check (call $rename (i32.const 3) (local.get $path)
        (local.get $len) (i32.const 3) (call $arg (i32.const 3))
        (call $len (call $arg (i32.const 3)))))))))
