;; Compute for ever; or, as an export, for a number of rounds.
(module
  (memory (export "memory") 1)
  (func (export "_start") (loop $more (br $more)))
  (func (export "rounds") (param $n i32)
    (loop $more
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $more (local.get $n)))))
