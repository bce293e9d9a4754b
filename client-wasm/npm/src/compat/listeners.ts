/** `on`, `off` and `emit` by any name. */
import { attempt } from '../store.js';

/** What an event carries is up to the event. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Listener = (data: any) => void;

/** Events by any name. */
export class Listeners {
  readonly #listeners = new Map<string, Listener[]>();

  /** Registers a listener. @param event the event's name @param callback is called with what the event carries */
  on(event: string, callback: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), callback]);
  }

  /** Ends a listener's registration. @param event the event's name @param callback what was given to {@link on} */
  off(event: string, callback: Listener): void {
    const listeners = [...(this.#listeners.get(event) ?? [])];
    const at = listeners.indexOf(callback);
    if (at >= 0) listeners.splice(at, 1);
    this.#listeners.set(event, listeners);
  }

  /** Calls the listeners of an event; one that throws stops no other. @param event its name @param data what it carries */
  emit(event: string, data?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) attempt(() => listener(data));
  }
}
