/** Typed events. */
import { attempt } from './store.js';

/** Options of `on`. */
export interface ListenerOptions {
  /** Ends the registration when it is aborted. */
  signal?: AbortSignal;
}

/** Something with events. `Events` maps each event's name to what its listeners are given. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, ((data: never) => void)[]>();

  /**
   * Registers a listener.
   *
   * @param event the event's name
   * @param listener is called with what the event carries; what it throws stops no other listener
   * @param options a signal that ends the registration
   * @returns a function that ends the registration
   * @example
   * ```ts
   * const dispose = client.on('chatMessage', (message) => console.log(message.senderId, message.content));
   * ```
   */
  on<Name extends keyof Events>(
    event: Name,
    listener: (data: Events[Name]) => void,
    options: ListenerOptions = {},
  ): () => void {
    const { signal } = options;
    const dispose = () => this.off(event, listener);
    if (signal?.aborted) return dispose;
    // A new list for each change: a round of calls that is under way keeps its own.
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    signal?.addEventListener('abort', dispose, { once: true });
    return dispose;
  }

  /**
   * Ends a listener's registration.
   *
   * @param event the event's name
   * @param listener the function that was given to {@link on}
   */
  off<Name extends keyof Events>(event: Name, listener: (data: Events[Name]) => void): void {
    const listeners = this.#listeners.get(event) ?? [];
    const at = listeners.indexOf(listener);
    if (at >= 0) this.#listeners.set(event, listeners.toSpliced(at, 1));
  }

  /**
   * Waits for the next event of a name.
   *
   * @param event the event's name
   * @param options a signal that ends the wait; the promise then rejects with the signal's reason
   * @returns what the event carries
   */
  once<Name extends keyof Events>(event: Name, options: ListenerOptions = {}): Promise<Events[Name]> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const give_up = () => {
        dispose();
        reject(signal?.reason);
      };
      const dispose = this.on(event, (data) => {
        dispose();
        signal?.removeEventListener('abort', give_up);
        resolve(data);
      });
      signal?.addEventListener('abort', give_up, { once: true });
    });
  }

  /**
   * Calls the listeners of an event. Classes that build on this one may call it too.
   *
   * @param event the event's name
   * @param data what it carries
   */
  emit<Name extends keyof Events>(
    event: Name,
    ...[data]: Events[Name] extends undefined ? [data?: undefined] : [data: Events[Name]]
  ): void {
    for (const listener of this.#listeners.get(event) ?? []) attempt(() => listener(data as never));
  }
}
