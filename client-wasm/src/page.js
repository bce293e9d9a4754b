// What the page says about itself. `tell(what)`: the numbers are those of `page.rs`.
const ONLINE = 0;
const OFFLINE = 1;
const VISIBLE = 2;
const HIDDEN = 3;

export class PageEvents {
  #left = new AbortController();

  constructor(tell) {
    // A worker and Node have no page.
    if (typeof document === 'undefined') return;
    const { signal } = this.#left;
    const say = (what) => tell(what, 0, '');
    addEventListener('online', () => say(ONLINE), { signal });
    addEventListener('offline', () => say(OFFLINE), { signal });
    addEventListener('pageshow', () => say(VISIBLE), { signal });
    document.addEventListener('visibilitychange', () => say(document.hidden ? HIDDEN : VISIBLE), { signal });
    if (!navigator.onLine) say(OFFLINE);
  }

  leave() {
    this.#left.abort();
  }
}

/** Where the page came from. */
export const origin = () => globalThis.location?.origin ?? '';
