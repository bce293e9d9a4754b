/** What comes by the connection while an answer is on its way: the answer may have been made before it. */
import { TidingsError } from './errors.js';

/** Most that is noted at a time. */
const MAX_NOTED = 10_000;

/** Notes what comes while something is asked for. */
export class Early<T> {
  readonly #noted: T[] = [];
  #asked = 0;

  /** This came. */
  note(one: T): void {
    if (this.#asked > 0 && this.#noted.length < MAX_NOTED) this.#noted.push(one);
  }

  /**
   * Runs what asks for something.
   *
   * @param task is given a function that tells what has come since it began
   */
  async during<R>(task: (since: () => T[]) => Promise<R>): Promise<R> {
    const from = this.#noted.length;
    this.#asked += 1;
    try {
      return await task(() => {
        if (this.#noted.length < MAX_NOTED) return this.#noted.slice(from);
        throw new TidingsError('NETWORK', 'The answer took too long.');
      });
    } finally {
      this.#asked -= 1;
      if (this.#asked === 0) this.#noted.length = 0;
    }
  }
}
