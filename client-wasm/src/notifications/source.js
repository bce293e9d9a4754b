// One EventSource. `tell(what, length, text)`: an event's place among `names`, with the length of its id, and its id and
// data in one; or LOST.
const LOST = 99;

export class Source {
  #source;
  #tell;

  constructor(url, names, tell) {
    const source = (this.#source = new EventSource(url));
    this.#tell = tell;
    source.onerror = () => this.#tell(LOST, 0, '');
    names.trim().split(' ').forEach((name, at) => {
      source.addEventListener(name, ({ data, lastEventId: id }) => this.#tell(at, id.length, id + data));
    });
  }

  /** Whether there is such a thing here; Node has none. */
  static exists() {
    return 'EventSource' in globalThis;
  }

  /** `undefined` where the address is none. */
  static open(url, names, tell) {
    try {
      return new Source(url, names, tell);
    } catch {
      return undefined;
    }
  }

  /** Nothing is told any more. */
  leave() {
    this.#tell = () => {};
    this.#source.close();
  }
}
