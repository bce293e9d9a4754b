// What the browser does for the Rust files that call it: all promises, events and objects of its own, which here are a few
// words. In one file, since a page that is given the bindings as they are loads each file by a request of its own.
//
// `tell(what, number, text)` says what happened; the numbers are those of the Rust file that a part belongs to.

// The machine (`host.rs`).

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

// What the page says about itself (`page.rs`).

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

// One WebSocket (`socket.rs`).

const SOCKET_OPENED = 0;
const SOCKET_TEXT = 1;
const SOCKET_CLOSED = 2;
const SOCKET_REFUSED = 3;

export class Socket {
  #socket;

  constructor(url, tell) {
    const socket = (this.#socket = new WebSocket(url));
    let end = SOCKET_REFUSED;
    socket.onopen = () => {
      end = SOCKET_CLOSED;
      tell(SOCKET_OPENED, 0, '');
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') tell(SOCKET_TEXT, 0, data);
    };
    socket.onclose = ({ code, reason }) => tell(end, code, reason);
  }

  /** `undefined` where the address is none, or one that the page may not name. */
  static open(url, tell) {
    try {
      return new Socket(url, tell);
    } catch {
      return undefined;
    }
  }

  /** A socket that cannot take it is about to say that it is closed. */
  send(text) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  close(code) {
    this.#socket.close(code);
  }

  /** Nothing is told any more. */
  leave() {
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

// One request by `fetch` (`http/exchange.rs`).

const FETCH_FAILED = 0;
const FETCH_ANSWERED = 1;
const FETCH_OPENED = 2;
const FETCH_PART = 3;
const FETCH_ENDED = 4;

export class FetchRequest {
  #givenUp = new AbortController();

  /** `streams`: the body of an answer with status 200 is told as it comes. `timeout` is in ms; 0: there is none. */
  constructor(method, url, token, body, timeout, streams, tell) {
    const { signal } = this.#givenUp;
    const say = (what, status, text) => signal.aborted || tell(what, status, text);
    const run = async () => {
      const headers = {};
      if (token !== undefined) headers.authorization = `Bearer ${token}`;
      if (body !== undefined) headers['content-type'] = 'application/json';
      const limit = timeout ? AbortSignal.timeout(timeout) : signal;
      const response = await fetch(url, { method, headers, body, signal: limit });
      const { status } = response;
      if (status !== 200 || !streams) return say(FETCH_ANSWERED, status, await response.text());
      say(FETCH_OPENED, 0, '');
      const decoder = new TextDecoder();
      for (const reader = response.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) return say(FETCH_ENDED, 0, '');
        say(FETCH_PART, 0, decoder.decode(value, { stream: true }));
      }
    };
    run().catch((error) => say(FETCH_FAILED, 0, String(error)));
  }

  /** Nothing is told any more. A request with a timeout goes on by itself until then. */
  abort() {
    this.#givenUp.abort();
  }
}

// One EventSource (`notifications/source.rs`): an event's place among `names`, with the length of its id, and its id and
// data in one; or that it is lost.

const SOURCE_LOST = 99;

export class Source {
  #source;
  #tell;

  constructor(url, names, tell) {
    const source = (this.#source = new EventSource(url));
    this.#tell = tell;
    source.onerror = () => this.#tell(SOURCE_LOST, 0, '');
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

// What a token says (`auth.rs`).

const claims = (token) => {
  try {
    const payload = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (byte) => byte.charCodeAt(0))));
  } catch {
    return {};
  }
};

/** The user that a JWT names; `undefined` for a token of another kind. */
export const userOf = (token) => {
  const { sub } = claims(token);
  return typeof sub === 'string' ? sub : undefined;
};

/** Whether a JWT says that it counts for so many seconds more. */
export const countsFor = (token, seconds) => claims(token).exp > Date.now() / 1000 + seconds;

// One item of `localStorage` (`storage.rs`). Where the browser has none (Node, a worker), forbids it or has no room, nothing
// is kept.

export const kept = (key) => {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
};

export const keep = (key, value) => {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // The next page load begins without.
  }
};
