;; Nothing to run.
(module (memory (export "memory") 1))
