export class Clock {
  static now() {
    return performance.now();
  }

  /** A moment of `performance.now()` as milliseconds since the Unix epoch. */
  static epoch(moment) {
    return Math.round(Date.now() + moment - performance.now());
  }

}

/** 64 random bits. */
export class Dice {
  static roll() {
    return crypto.getRandomValues(new BigUint64Array(1))[0];
  }
}

/** A timer that can be set anew. */
export class Alarm {
  #id;
  #wake;

  constructor(tell) {
    this.#wake = () => tell(0, 0, '');
  }

  /** Rings at a moment of `performance.now()`; `undefined`: not at all. */
  set(moment) {
    clearTimeout(this.#id);
    if (moment === undefined) return;
    // Rounded up: one that is early would only be set again. A wait of more than 31 bits would be none at all.
    const wait = Math.min(Math.ceil(moment - performance.now()), 2 ** 31 - 1);
    this.#id = setTimeout(this.#wake, wait);
  }
}
