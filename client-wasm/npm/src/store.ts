/** A value with subscribers: what user interfaces are drawn from. */
import type { State } from './events.js';

/** A value that changes over time. A snapshot is immutable: a change makes a new one. */
export interface Store<T> {
  /** The value now. The same object is returned until the value changes. */
  get(): T;
  /**
   * Calls back after every change.
   *
   * @param callback is given the new value
   * @returns a function that ends the subscription
   */
  subscribe(callback: (value: T) => void): () => void;
}

/** A store that this package writes. */
export class Value<T> implements Store<T> {
  #value: T;
  readonly #subscribers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
    this.get = this.get.bind(this);
    this.subscribe = this.subscribe.bind(this);
  }

  get(): T {
    return this.#value;
  }

  subscribe(callback: (value: T) => void): () => void {
    // A function of its own, so that one callback can be subscribed twice.
    const entry = (value: T) => callback(value);
    this.#subscribers.add(entry);
    return () => void this.#subscribers.delete(entry);
  }

  /** Replaces the value; an equal one changes nothing. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const subscriber of [...this.#subscribers]) attempt(() => subscriber(value));
  }
}

/** Runs code of others: what it throws is reported as uncaught and stops nobody else. */
export function attempt(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (typeof reportError === 'function') reportError(error);
    else console.error(error);
  }
}

/** Resolves when the connection stands; rejects with what `why` makes of it when it is closed before that. */
export function connected<S extends { state: State }>(status: Store<S>, why: (status: S) => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    const dispose = status.subscribe((now) => {
      if (now.state !== 'connected' && now.state !== 'closed') return;
      dispose();
      if (now.state === 'connected') resolve();
      else reject(why(now));
    });
  });
}
