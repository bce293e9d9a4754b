/** The wasm core behind one client: loaded late, fed with what came before it. */
import { HTTP, TOKEN, ask } from './commands.js';
import { ANSWERED, NO_TOKEN, NOTIFIED, TOKEN_WANTED, type CoreEvent, type StreamEvent } from './core-events.js';
import { TidingsError } from './errors.js';
import { attempt } from './store.js';
import { ready, type WasmLoader } from './wasm.js';
import type { Core } from './core.js';
import type { Problem } from './generated/protocol.js';

/** By what a client is known to the server, and where that is. */
export interface ConnectionOptions {
  /**
   * The server's address: `https://chat.example` or `wss://chat.example`, with or without a path in front of the API.
   * Left out: the server that the page came from.
   */
  url?: string;
  /** One token. When it expires, the client is closed. */
  token?: string;
  /**
   * Fetches a token: before each connection, the first time while the module loads, unless a request has fetched one since
   * that no connection has had yet; when one was refused or is about to expire; and when a request finds that the last one
   * has ended. Without `token` and `getToken` the page's cookie is used.
   *
   * @param fresh the last token was refused: a cached one will not do
   */
  getToken?: (fresh: boolean) => string | Promise<string>;
  /**
   * Who the user is. Left out, it is read from the token; with a cookie or an opaque token, give it, or nothing is kept
   * across page loads.
   */
  userId?: string;
  /** Whether unsent messages and the notification cursor are kept across page loads. Default: `true`. */
  persistence?: boolean;
  /**
   * Whether the pages of a user in one browser share one connection: one of them has it, and the others speak by that. Where
   * a page cannot (no secure context, no Web Locks, a worker, Node), or nobody knows who the user is, it has a connection
   * of its own. Default: `true`.
   */
  sharedConnection?: boolean;
  /**
   * The transports that may be used. They are tried from the best to the least: WebSocket, event stream, long polls.
   * Default: all of them.
   */
  transports?: readonly Transport[];
  /**
   * Whether the notification stream carries the token in a header, by `fetch`, in place of a ticket in the address of an
   * `EventSource`. It does so anyway where there is no `EventSource`, as in Node. Default: `false`.
   */
  notificationHeader?: boolean;
  /** Attempts to connect in a row without success after which the client closes. Default: no limit. */
  maxAttempts?: number;
}

/** A way to the server. */
export type Transport = 'websocket' | 'stream' | 'poll';

/** A method of a request. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Most calls that wait for the module to load; a client that is never connected takes no more. */
const MAX_WAITING = 1_000;

/** How long a token that was fetched while the module loaded is one for a new connection, in ms. */
const PREFETCHED_MS = 10_000;

export class Connection {
  readonly #loader: WasmLoader;
  readonly #options: string;
  readonly #getToken: (fresh: boolean) => Promise<unknown>;
  /** The token that was asked for while the module loads, and since when. */
  #prefetched: { token: Promise<unknown>; at: number } | undefined;
  readonly #onLoad: (core: Core) => void;
  readonly #onEvents: (batch: CoreEvent[], core: Core) => void;
  /** Hears of the notification stream. */
  onNotified: (event: StreamEvent) => void = () => undefined;
  #core: Core | undefined;
  #waiting: ((core: Core) => void)[] = [];
  /** Requests under way, by their numbers. */
  readonly #requests = new Map<number, (answer: [status: number, text: string]) => void>();
  #lastRequest = 0;

  constructor(
    loader: WasmLoader,
    options: ConnectionOptions,
    more: { notifications: boolean; maxQueued?: number | undefined },
    onLoad: (core: Core) => void,
    onEvents: (batch: CoreEvent[], core: Core) => void,
  ) {
    const { getToken, url, token, userId, persistence = true, sharedConnection } = options;
    const { transports, notificationHeader, maxAttempts } = options;
    this.#loader = loader;
    this.#onLoad = onLoad;
    this.#onEvents = onEvents;
    // A function that throws at once is a promise that rejects.
    this.#getToken = async (fresh) => getToken?.(fresh);
    const kept = { userId, persistence, sharedConnection };
    const asked = { url, token, ...kept, transports, notificationHeader, maxAttempts, ...more };
    // What is undefined is left out.
    this.#options = JSON.stringify({ ...asked, provider: getToken !== undefined });
  }

  /** The core, where it is loaded. */
  get core(): Core | undefined {
    return this.#core;
  }

  /** The core; loads it where it is not there yet. */
  async load(): Promise<Core> {
    if (!this.#core && !this.#prefetched) {
      const token = this.#getToken(false);
      this.#prefetched = { token, at: performance.now() };
      // Who waits for it is told.
      token.catch(() => undefined);
    }
    const { Core } = await ready(this.#loader);
    if (!this.#core) {
      // Nothing that is thrown may reach the wasm.
      const tell = (text: string) => attempt(() => this.#told(JSON.parse(text) as CoreEvent[], core));
      const core: Core = new Core(this.#options, { tell });
      this.#core = core;
      this.#onLoad(core);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const call of waiting) call(core);
    }
    return this.#core;
  }

  /**
   * Calls the core now, or when it is loaded.
   *
   * @returns whether the call was or will be made
   */
  run(call: (core: Core) => void): boolean {
    if (this.#core) call(this.#core);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(call);
    else return false;
    return true;
  }

  /** One request to the HTTP interface; rejects with a {@link TidingsError}. */
  async request<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const core = await this.load();
    const [status, text] = await this.#exchange(core, method, path, body);
    const answer = parse(text);
    if (status >= 200 && status < 300) return answer as T;
    const problem = answer as Partial<Problem> | undefined;
    const message = problem?.detail ?? problem?.title ?? `HTTP status ${status}`;
    throw new TidingsError(problem?.code ?? 'BAD_RESPONSE', message, { retryAfterMs: problem?.retryAfterMs });
  }

  /** What the chat does comes in batches, the rest by itself. */
  #told(batch: CoreEvent[], core: Core): void {
    const [event] = batch;
    switch (event?.[0]) {
      case NOTIFIED: {
        const [, ...one] = event;
        this.onNotified(one);
        break;
      }
      case ANSWERED: {
        const [, request, ...answer] = event;
        this.#requests.get(request)?.(answer);
        this.#requests.delete(request);
        break;
      }
      case TOKEN_WANTED: {
        const [, fresh, request] = event;
        this.#token(fresh).then(
          (token) =>
            typeof token === 'string'
              ? ask(core, TOKEN, request, true, token)
              : ask(core, TOKEN, request, false, 'getToken gave no string'),
          (error: unknown) => ask(core, TOKEN, request, false, String(error)),
        );
        break;
      }
      default:
        this.#onEvents(batch, core);
    }
  }

  #token(fresh: boolean): Promise<unknown> {
    const prefetched = this.#prefetched;
    this.#prefetched = undefined;
    const counts = prefetched && !fresh && performance.now() - prefetched.at < PREFETCHED_MS;
    return counts ? prefetched.token : this.#getToken(fresh);
  }

  async #exchange(core: Core, method: Method, path: string, body: unknown): Promise<[number, string]> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await new Promise<[number, string]>((resolve) => {
      this.#lastRequest += 1;
      this.#requests.set(this.#lastRequest, resolve);
      ask(core, HTTP, this.#lastRequest, method, path, text);
    });
    const [status, reason] = answer;
    if (status > NO_TOKEN) return answer;
    throw new TidingsError(status === NO_TOKEN ? 'TOKEN' : 'NETWORK', reason);
  }
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
