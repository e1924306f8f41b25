;; Grow the memory page by page until it is refused, touch each page, and end
;; with the number of pages as the exit code. As "insist", never give up.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $grow (export "_start") (local $page i32)
    (loop $more
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.ne (local.get $page) (i32.const -1))
        (then
          (i32.store (i32.mul (local.get $page) (i32.const 65536))
            (i32.const 1))
          (br $more))))
    (call $proc_exit (memory.size)))
  (func (export "insist")
    (loop $more (drop (memory.grow (i32.const 1))) (br $more))))
