;; Guests of bench/io.py, to be invoked: write count chunks of some size to
;; standard output; read standard input, or the file "big" of the first granted
;; directory, to its end in such chunks; read the files f00000, f00001, ... of it;
;; count its entries.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32)
      (result i32)))
  (import "wasi_snapshot_preview1" "fd_close"
    (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir"
    (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (memory (export "memory") 20)
  (data (i32.const 16) "big")
  (data (i32.const 32) "f00000")

  (func $iovec (param $size i32)
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (local.get $size)))

  (func (export "write") (param $size i32) (param $count i32)
    (call $iovec (local.get $size))
    (loop $more
      (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
            (i32.const 8))
        (then unreachable))
      (br_if $more (local.tee $count
        (i32.sub (local.get $count) (i32.const 1))))))

  (func $drain (param $fd i32)
    (loop $more
      (if (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1)
            (i32.const 8))
        (then unreachable))
      (br_if $more (i32.load (i32.const 8)))))

  (func (export "read") (param $size i32)
    (call $iovec (local.get $size))
    (call $drain (i32.const 0)))

  (func $open (param $path i32) (param $len i32) (param $oflags i32)
    (result i32)
    (if (call $path_open (i32.const 3) (i32.const 0) (local.get $path)
          (local.get $len) (local.get $oflags) (i64.const 0x4002)
          (i64.const 0) (i32.const 0) (i32.const 64))
      (then unreachable))
    (i32.load (i32.const 64)))

  (func (export "file") (param $size i32)
    (call $iovec (local.get $size))
    (call $drain (call $open (i32.const 16) (i32.const 3) (i32.const 0))))

  (func $next (param $at i32)
    (i32.store8 (local.get $at)
      (i32.add (i32.load8_u (local.get $at)) (i32.const 1)))
    (if (i32.gt_u (i32.load8_u (local.get $at)) (i32.const 57))
      (then
        (i32.store8 (local.get $at) (i32.const 48))
        (call $next (i32.sub (local.get $at) (i32.const 1))))))

  (func (export "files") (param $count i32)
    (local $fd i32)
    (call $iovec (i32.const 65536))
    (loop $more
      (local.set $fd (call $open (i32.const 32) (i32.const 6) (i32.const 0)))
      (call $drain (local.get $fd))
      (drop (call $fd_close (local.get $fd)))
      (call $next (i32.const 37))
      (br_if $more (local.tee $count
        (i32.sub (local.get $count) (i32.const 1))))))

  ;; entries, in a buffer of 64 KiB
  (func (export "entries") (result i32)
    (local $cookie i64) (local $at i32) (local $end i32) (local $count i32)
    (loop $more
      (if (call $fd_readdir (i32.const 3) (i32.const 65536)
            (i32.const 65536) (local.get $cookie) (i32.const 64))
        (then unreachable))
      (local.set $end
        (i32.add (i32.const 65536) (i32.load (i32.const 64))))
      (local.set $at (i32.const 65536))
      (block $cut
        (loop $entry
          (br_if $cut (i32.gt_u
            (i32.add (local.get $at) (i32.const 24)) (local.get $end)))
          (br_if $cut (i32.gt_u
            (i32.add (i32.add (local.get $at) (i32.const 24))
              (i32.load offset=16 (local.get $at)))
            (local.get $end)))
          (local.set $cookie (i64.load (local.get $at)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $at (i32.add (i32.add (local.get $at) (i32.const 24))
            (i32.load offset=16 (local.get $at))))
          (br $entry)))
      (br_if $more (i32.eq (i32.load (i32.const 64)) (i32.const 65536))))
    (local.get $count)))
