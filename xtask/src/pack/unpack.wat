;; Puts a packed module together again; `../pack.rs` describes the form, and `model.rs` does the same sums and says why.
;;
;; The page writes what is packed to `input`, calls `open`, and then `more` until it gives nothing: each time a function
;; is put together. The module is then at `output`, as long as `open` said.
(module
  (memory (export "memory") 40)

  ;; Where things are in memory, in bytes:
  ;;        0  the places that each context looks at, a list behind its length; 12 for each group of kinds
  ;;       36  how much a counter that has counted so many bits takes of the next one, in parts of 32768, 2 bytes each
  ;;      128  numbers seen before, 4 bytes each: four instructions, three of any kind, this one so far, the last of its kind
  ;;      164  the last of each kind
  ;;      256  for each context its hash, where its counter is (+ 16), and its prediction (+ 32)
  ;;   0x1000  probabilities of logits, 2 bytes each
  ;;   0x3000  and logits of probabilities
  ;;   0x9000  the table of symbols
  ;;   0xa000  where each symbol begins in it, 2 bytes each
  ;;  0x10000  output
  ;;  0x50000  input
  ;;  0x60000  weights, 16 bytes for each set
  ;;  0x80000  counters
  (global (export "input") i32 (i32.const 0x50000))
  (global (export "output") i32 (i32.const 0x10000))
  (data (i32.const 0)
    "\01\00\04\00\01\02\03\04\00\01\04\05"
    "\00\01\04\03\04\05\06\00\00\00\00\00"
    "\01\07\03\00\01\04\05\00\01\02\03\08"
    "\aa\6a\2e\3a\00\28\79\1e\9d\18\a5\14\c7\11\9c\0f\e9\0d")

  (global $read (mut i32) (i32.const 0x50000))
  (global $at (mut i32) (i32.const 0x10000))
  (global $end (mut i32) (i32.const 0))
  (global $functions (mut i32) (i32.const 0))
  (global $range (mut i32) (i32.const -1))
  (global $code (mut i32) (i32.const 0))
  (global $set (mut i32) (i32.const 0))

  (func $byte
    (global.set $code (i32.or (i32.shl (global.get $code) (i32.const 8)) (i32.load8_u (global.get $read))))
    (global.set $read (i32.add (global.get $read) (i32.const 1))))

  (func $bit (param $node i32) (result i32)
    (local $context i32) (local $hash i32) (local $place i32) (local $counter i32) (local $logit i32) (local $probability i32)
    (local $part i32) (local $bit i32) (local $wrong i32) (local $before i32)
    (local.set $node (i32.mul (local.get $node) (i32.const 0x9e3779b1)))
    (local.set $context (i32.const 12))
    (loop $predict
      (local.set $context (i32.sub (local.get $context) (i32.const 4)))
      (local.set $hash
        (i32.mul
          (i32.xor (i32.load offset=256 (local.get $context)) (local.get $node))
          (i32.const 0x2545f491)))
      (local.set $hash (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 15))))
      (local.set $place (i32.shl (i32.and (local.get $hash) (i32.const 0x7ffff)) (i32.const 2)))
      (i32.store offset=272 (local.get $context) (local.get $place))
      (local.set $counter (i32.load offset=0x80000 (local.get $place)))
      (if (i32.shr_u (i32.xor (local.get $counter) (local.get $hash)) (i32.const 20))
        (then
          (i32.store offset=0x80000
            (local.get $place)
            (local.tee $counter (i32.and (local.get $hash) (i32.const 0xfff00000))))))
      (i32.store offset=288
        (local.get $context)
        (local.tee $counter
          (i32.load16_s offset=0x3000 (i32.and (i32.shr_u (local.get $counter) (i32.const 7)) (i32.const 0x1ffe)))))
      (local.set $logit
        (i32.add
          (local.get $logit)
          (i32.mul
            (i32.add (i32.load (i32.add (global.get $set) (local.get $context))) (i32.const 26000))
            (local.get $counter))))
      (br_if $predict (local.get $context)))
    (local.set $logit (i32.shr_s (local.get $logit) (i32.const 16)))
    (if (i32.gt_s (local.get $logit) (i32.const 2047)) (then (local.set $logit (i32.const 2047))))
    (if (i32.lt_s (local.get $logit) (i32.const -2047)) (then (local.set $logit (i32.const -2047))))
    (local.set $probability (i32.load16_u (i32.add (i32.const 0x2000) (i32.shl (local.get $logit) (i32.const 1)))))
    (local.set $part (i32.mul (i32.shr_u (global.get $range) (i32.const 16)) (local.get $probability)))
    (if (local.tee $bit (i32.lt_u (global.get $code) (local.get $part)))
      (then (global.set $range (local.get $part)))
      (else
        (global.set $code (i32.sub (global.get $code) (local.get $part)))
        (global.set $range (i32.sub (global.get $range) (local.get $part)))))
    (loop $renew
      (if (i32.eqz (i32.shr_u (global.get $range) (i32.const 24)))
        (then
          (global.set $range (i32.shl (global.get $range) (i32.const 8)))
          (call $byte)
          (br $renew))))
    (local.set $wrong (i32.sub (i32.shl (local.get $bit) (i32.const 16)) (local.get $probability)))
    (local.set $context (i32.const 12))
    (loop $learn
      (local.set $context (i32.sub (local.get $context) (i32.const 4)))
      (i32.store
        (i32.add (global.get $set) (local.get $context))
        (i32.add
          (i32.load (i32.add (global.get $set) (local.get $context)))
          (i32.shr_s
            (i32.add
              (i32.mul (local.get $wrong) (i32.load offset=288 (local.get $context)))
              (i32.const 16384))
            (i32.const 15))))
      (local.set $counter (i32.load offset=0x80000 (local.tee $place (i32.load offset=272 (local.get $context)))))
      (local.set $before (i32.shr_s (i32.shl (local.get $counter) (i32.const 12)) (i32.const 16)))
      (local.set $hash (i32.and (local.get $counter) (i32.const 15)))
      (i32.store offset=0x80000
        (local.get $place)
        (i32.or
          (i32.or
            (i32.and (local.get $counter) (i32.const 0xfff00000))
            (i32.add (local.get $hash) (i32.lt_u (local.get $hash) (i32.const 8))))
          (i32.and
            (i32.shl
              (i32.add
                (local.get $before)
                (i32.shr_s
                  (i32.mul
                    (i32.sub
                      (i32.sub (i32.mul (local.get $bit) (i32.const 65535)) (i32.const 32768))
                      (local.get $before))
                    (i32.load16_u offset=36 (i32.shl (local.get $hash) (i32.const 1))))
                  (i32.const 15)))
              (i32.const 4))
            (i32.const 0xffff0))))
      (br_if $learn (local.get $context)))
    (local.get $bit))

  ;; The next number of this kind: 0 an instruction, 1 of the rest, 2 of declarations, 3 a local, and on.
  (func $next (param $kind i32) (result i32)
    (local $places i32) (local $left i32) (local $context i32) (local $hash i32) (local $bits i32) (local $value i32)
    (global.set $set
      (i32.add
        (i32.const 0x60000)
        (i32.shl
          (i32.and
            (i32.xor
              (i32.xor (i32.shl (local.get $kind) (i32.const 7)) (i32.load (i32.const 128)))
              (i32.shl
                (i32.shr_u (i32.sub (i32.const 32) (i32.clz (i32.load (i32.const 156)))) (i32.const 3))
                (i32.const 11)))
            (i32.const 8191))
          (i32.const 4))))
    (i32.store (i32.const 160) (i32.load offset=164 (i32.shl (local.get $kind) (i32.const 2))))
    (local.set $places
      (i32.mul
        (i32.const 12)
        (i32.add (i32.gt_u (local.get $kind) (i32.const 0)) (i32.gt_u (local.get $kind) (i32.const 2)))))
    (loop $contexts
      (local.set $hash
        (i32.mul (i32.or (i32.shl (local.get $kind) (i32.const 4)) (local.get $context)) (i32.const 0x9e3779b1)))
      (local.set $left (i32.load8_u (local.get $places)))
      (local.set $places (i32.add (local.get $places) (i32.const 1)))
      (loop $mix
        (if (local.get $left)
          (then
            (local.set $hash
              (i32.mul
                (i32.xor
                  (local.get $hash)
                  (i32.load offset=128 (i32.shl (i32.load8_u (local.get $places)) (i32.const 2))))
                (i32.const 0x2c9277b5)))
            (local.set $hash (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 15))))
            (local.set $places (i32.add (local.get $places) (i32.const 1)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $mix))))
      (i32.store offset=256 (i32.shl (local.get $context) (i32.const 2)) (local.get $hash))
      (br_if $contexts (i32.lt_u (local.tee $context (i32.add (local.get $context) (i32.const 1))) (i32.const 3))))
    (loop $length
      (if (call $bit (local.get $bits))
        (then
          ;; No number has as many: what is broken ends.
          (br_if $length
            (i32.lt_u (local.tee $bits (i32.add (local.get $bits) (i32.const 1))) (i32.const 24))))))
    (local.set $value (i32.const 1))
    (local.set $left (local.get $bits))
    (loop $rest
      (if (local.get $left)
        (then
          (local.set $value
            (i32.add
              (i32.shl (local.get $value) (i32.const 1))
              (call $bit (i32.add (i32.shl (local.get $bits) (i32.const 16)) (local.get $value)))))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $rest))))
    (local.set $value (i32.sub (local.get $value) (i32.const 1)))
    (i64.store (i32.const 148) (i64.load (i32.const 144)))
    (i32.store (i32.const 144) (local.get $value))
    (if (i32.eqz (local.get $kind))
      (then
        (i32.store (i32.const 140) (i32.load (i32.const 136)))
        (i64.store (i32.const 132) (i64.load (i32.const 128)))
        (i32.store (i32.const 128) (local.get $value))))
    (if (i32.gt_u (local.get $kind) (i32.const 2))
      (then
        (i32.store
          (i32.const 156)
          (local.tee $hash
            (i32.or
              (i32.shl (i32.load (i32.const 156)) (i32.const 8))
              (i32.add (local.get $value) (i32.const 1)))))
        (if (i32.lt_u (local.get $value) (i32.const 128))
          (then
            (i32.store (i32.const 156) (i32.const 0))
            (i32.store offset=164 (i32.shl (local.get $kind) (i32.const 2)) (local.get $hash))))))
    (local.get $value))

  (func $number (result i32)
    (local $byte i32) (local $shift i32) (local $value i32)
    (loop $more
      (local.set $byte (call $next (i32.const 1)))
      (local.set $value
        (i32.or
          (local.get $value)
          (i32.shl (i32.and (local.get $byte) (i32.const 127)) (local.get $shift))))
      (local.set $shift (i32.add (local.get $shift) (i32.const 7)))
      (br_if $more (i32.gt_u (local.get $byte) (i32.const 127))))
    (local.get $value))

  (func $write (param $byte i32)
    (i32.store8 (global.get $at) (local.get $byte))
    (global.set $at (i32.add (global.get $at) (i32.const 1))))

  ;; Writes a number of this kind, and gives its last byte.
  (func $copy (param $kind i32) (result i32)
    (local $byte i32)
    (loop $more
      (call $write (local.tee $byte (call $next (local.get $kind))))
      (br_if $more (i32.gt_u (local.get $byte) (i32.const 127))))
    (local.get $byte))

  ;; Writes the rest up to there.
  (func $fill (param $to i32)
    (loop $more
      (if (i32.lt_u (global.get $at) (local.get $to))
        (then
          (call $write (call $next (i32.const 1)))
          (br $more)))))

  ;; Everything before the first function; gives the length of the module.
  (func (export "open") (result i32)
    (local $logit i32) (local $probability i32) (local $odds f64) (local $place i32) (local $before i32) (local $table i32)
    (local.set $odds (f64.const 1))
    (loop $tables
      (local.set $probability
        (i32.trunc_f64_u
          (f64.div
            (f64.mul (f64.const 65536) (local.get $odds))
            (f64.add (f64.const 1) (local.get $odds)))))
      (i32.store16 offset=0x2000 (local.get $logit) (local.get $probability))
      (i32.store16 (i32.sub (i32.const 0x2000) (local.get $logit)) (i32.sub (i32.const 65536) (local.get $probability)))
      (local.set $odds (f64.mul (local.get $odds) (f64.const 1.0039138893383476)))
      (br_if $tables (i32.lt_u (local.tee $logit (i32.add (local.get $logit) (i32.const 2))) (i32.const 4096))))
    (local.set $logit (i32.const 0))
    (loop $back
      (if (i32.and
            (i32.lt_u (local.get $logit) (i32.const 8190))
            (i32.lt_u
              (i32.load16_u offset=0x1000 (local.get $logit))
              (i32.add (i32.shl (local.get $place) (i32.const 3)) (i32.const 8))))
        (then
          (local.set $logit (i32.add (local.get $logit) (i32.const 2)))
          (br $back)))
      ;; Counters count from the half.
      (i32.store16 offset=0x3000
        (i32.xor (local.get $place) (i32.const 4096))
        (i32.sub (i32.shr_u (local.get $logit) (i32.const 1)) (i32.const 2048)))
      (br_if $back (i32.lt_u (local.tee $place (i32.add (local.get $place) (i32.const 2))) (i32.const 8192))))
    (local.set $place (i32.const 0))
    (call $byte) (call $byte) (call $byte) (call $byte)
    (global.set $end (i32.add (global.get $at) (call $number)))
    (local.set $before (call $number))
    (local.set $table (call $number))
    (global.set $functions (call $number))
    (call $fill (i32.add (global.get $at) (local.get $before)))
    ;; Symbols: their bytes, and where each begins.
    (local.set $before (global.get $at))
    (global.set $at (i32.const 0x9000))
    (call $fill (local.tee $table (i32.add (local.get $table) (i32.const 0x9000))))
    (global.set $at (local.get $before))
    (local.set $before (i32.const 0x9000))
    (loop $symbols
      (i32.store16 offset=0xa000 (local.get $place) (local.get $before))
      (local.set $place (i32.add (local.get $place) (i32.const 2)))
      (local.set $before (i32.add (i32.add (local.get $before) (i32.load8_u (local.get $before))) (i32.const 1)))
      (local.set $before (i32.add (i32.add (local.get $before) (i32.load8_u (local.get $before))) (i32.const 1)))
      (br_if $symbols (i32.lt_u (local.get $before) (local.get $table))))
    (i32.sub (global.get $end) (i32.const 0x10000)))

  ;; A function, or what follows the last one; gives how many are left, the latter included.
  (func (export "more") (result i32)
    (local $begin i32) (local $left i32) (local $depth i32) (local $symbol i32) (local $opcode i32) (local $length i32)
    (if (i32.eqz (global.get $functions))
      (then
        (call $fill (global.get $end))
        (return (i32.const 0))))
    ;; Behind the place for the longest length, and then moved to its own.
    (local.set $begin (global.get $at))
    (global.set $at (i32.add (global.get $at) (i32.const 5)))
    (local.set $left (i32.shl (call $copy (i32.const 2)) (i32.const 1)))
    (loop $locals
      (if (local.get $left)
        (then
          (drop (call $copy (i32.const 2)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $locals))))
    (local.set $depth (i32.const 1))
    (loop $instructions
      (local.set $symbol (i32.load16_u offset=0xa000 (i32.shl (call $next (i32.const 0)) (i32.const 1))))
      (local.set $left (i32.load8_u (local.get $symbol)))
      (local.set $opcode (i32.load8_u offset=1 (local.get $symbol)))
      ;; block, loop, if; end.
      (local.set $depth
        (i32.sub
          (i32.add
            (local.get $depth)
            (i32.lt_u (i32.sub (local.get $opcode) (i32.const 2)) (i32.const 3)))
          (i32.eq (local.get $opcode) (i32.const 11))))
      (loop $fixed
        (local.set $symbol (i32.add (local.get $symbol) (i32.const 1)))
        (if (local.get $left)
          (then
            (call $write (i32.load8_u (local.get $symbol)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $fixed))))
      (local.set $left (i32.load8_u (local.get $symbol)))
      (loop $immediates
        (if (local.get $left)
          (then
            (local.set $symbol (i32.add (local.get $symbol) (i32.const 1)))
            (drop (call $copy (i32.load8_u (local.get $symbol))))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $immediates))))
      (br_if $instructions (local.get $depth)))
    (local.set $symbol (i32.add (local.get $begin) (i32.const 5)))
    (local.set $length (local.tee $left (i32.sub (global.get $at) (local.get $symbol))))
    (global.set $at (local.get $begin))
    (loop $leb
      (if (i32.gt_u (local.get $left) (i32.const 127))
        (then
          (call $write (i32.or (local.get $left) (i32.const 128)))
          (local.set $left (i32.shr_u (local.get $left) (i32.const 7)))
          (br $leb))))
    (call $write (local.get $left))
    (memory.copy (global.get $at) (local.get $symbol) (local.get $length))
    (global.set $at (i32.add (global.get $at) (local.get $length)))
    (global.set $functions (i32.sub (global.get $functions) (i32.const 1)))
    (i32.add (global.get $functions) (i32.const 1))))
