;; A plug-in: bytes in and out, and a number that stays from call to call.
;; printf '%s\n' '-b shout "some text"' | wasmctl open shout.wasm
(module
  (memory (export "memory") 2)
  (global $calls (mut i32) (i32.const 0))

  ;; Where the host may put a call's bytes: one call's at a time.
  (func (export "wasmd_alloc") (param $len i32) (result i32)
    (if (i32.gt_u (local.get $len) (i32.const 65536)) (then (unreachable)))
    (i32.const 65536))

  ;; The text in capitals, where it is.
  (func (export "shout") (param $at i32) (param $len i32) (result i32 i32)
    (local $i i32) (local $c i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $i) (local.get $len)))
        (local.set $c
          (i32.load8_u (i32.add (local.get $at) (local.get $i))))
        (if (i32.lt_u (i32.sub (local.get $c) (i32.const 97)) (i32.const 26))
          (then
            (i32.store8 (i32.add (local.get $at) (local.get $i))
              (i32.sub (local.get $c) (i32.const 32)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $at) (local.get $len))

  (func (export "calls") (result i32) (global.get $calls)))
