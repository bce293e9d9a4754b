// Which page of a user has the connection, and the links of the other pages to it.
//
// The page that holds the Web Lock of the connection's name leads; the channel of that name carries the links. A page
// that is gone frees its locks: the next one leads, and the leader knows whose links have ended. A leader that says
// nothing is frozen, and one that is hidden has slow timers: then the lock is taken away from it.
//
// `tell(what, number, text)` says what happened; a link's end is an array in JSON, or nothing. The numbers are those of `tabs.rs`.
const TURN = 0;
const OWN = 1;
const DEPOSED = 2;
const OPENED = 3;
const SAID = 4;
const LEFT = 5;
const HEARD = 6;
const ENDED = 7;
const WOKEN = 8;
const UP = 9;

// On the channel, beside some of these: [what, page, …].
const LEAD = 10;
const WHO = 11;
const GONE = 12;

/** How long a leader may stay silent, or hidden while this page is looked at, in milliseconds. */
const PATIENCE_MS = 1000;

export class PageTabs {
  #name;
  #tell;
  #page = crypto.randomUUID();
  #channel;
  /** The leader's page, and since when it leads: what an earlier one still says does not count. */
  #leader;
  #term = 0;
  #isHidden = false;
  #isUp = false;
  /** Links of this page: by whose connection each goes; `undefined` where that is still to be found out. */
  #ways = new Map();
  /** Links of other pages: whose, and what that page calls it. */
  #links = new Map();
  #last = 0;
  #watched = new Set();
  #silence;
  #look;
  #queued;
  #release = () => {};
  #quit = new AbortController();

  static exist() {
    return !!(globalThis.document && globalThis.BroadcastChannel && globalThis.navigator?.locks);
  }

  constructor(name, tell) {
    this.#name = name;
    this.#tell = (what, number = 0, text = '') => tell(what, number, text);
    const hold = () => {
      this.#begin();
      return new Promise((release) => this.#quit.signal.addEventListener('abort', release));
    };
    // Where the browser forbids locks, each page leads for itself.
    navigator.locks.request(`${name} ${this.#page}`, hold).catch(() => this.#lead());
  }

  /** Opens a link of this page. */
  open(conn) {
    this.#ways.set(conn);
    if (this.#leader) this.#ask(conn);
    else this.#post([WHO]);
  }

  say(conn, text) {
    this.#post([SAID, this.#page, this.#ways.get(conn), conn, text]);
  }

  close(conn) {
    this.#post([LEFT, this.#page, this.#ways.get(conn), conn]);
    this.#ways.delete(conn);
  }

  /** Hands a frame to links of other pages. */
  deliver(links, text) {
    this.#post([HEARD, this.#page, this.#whose(JSON.parse(links)), text]);
  }

  /** Ends links of other pages. */
  end(links, closed) {
    const ended = JSON.parse(links);
    this.#post([ENDED, this.#page, this.#whose(ended), closed]);
    for (const link of ended) this.#links.delete(link);
  }

  /** Says whether the server has greeted. */
  up(isUp) {
    this.#isUp = isUp;
    if (isUp) this.#announce();
  }

  /** Asks the leader to try now. */
  wake() {
    this.#post([WOKEN]);
  }

  /** Gives the connection to another page. Nothing is told any more. */
  quit() {
    if (this.#leads) this.#post([GONE, this.#page]);
    this.#tell = () => {};
    this.#quit.abort();
    this.#queued?.abort();
    clearTimeout(this.#silence);
    clearTimeout(this.#look);
    this.#channel?.close();
    this.#channel = undefined;
    this.#release();
  }

  get #leads() {
    return this.#leader === this.#page;
  }

  #post(message) {
    this.#channel?.postMessage(message);
  }

  #begin() {
    const { signal } = this.#quit;
    if (signal.aborted) return;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(...data);
    document.addEventListener('visibilitychange', () => (this.#leads ? this.#announce() : this.#watchLeader()), { signal });
    this.#contend();
    this.#post([WHO]);
    this.#listen();
  }

  /** Waits for its turn, or takes it. */
  #contend(steal = false) {
    let held = false;
    this.#queued?.abort();
    this.#queued = new AbortController();
    const turn = () =>
      new Promise((release) => {
        held = true;
        this.#release = release;
        this.#lead();
      });
    const options = steal ? { steal } : { signal: this.#queued.signal };
    navigator.locks.request(this.#name, options, turn).catch(() => {
      if (!held || this.#quit.signal.aborted) return;
      this.#leader = undefined;
      this.#links.clear();
      this.#tell(DEPOSED);
      this.#contend();
      this.#post([WHO]);
    });
  }

  #lead() {
    clearTimeout(this.#silence);
    clearTimeout(this.#look);
    this.#leader = this.#page;
    this.#term = Math.max(this.#term + 1, Date.now());
    this.#isUp = false;
    this.#tell(TURN);
    for (const [conn, by] of [...this.#ways]) {
      this.#ways.delete(conn);
      this.#tell(by ? ENDED : OWN, conn);
    }
    this.#announce();
  }

  #announce() {
    this.#post([LEAD, this.#page, this.#term, document.hidden, this.#isUp]);
  }

  #ask(conn) {
    this.#ways.set(conn, this.#leader);
    this.#post([OPENED, this.#page, this.#leader, conn]);
    this.#listen();
  }

  /** A leader that does not answer is frozen. */
  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#contend(true), PATIENCE_MS);
  }

  /** A leader that is hidden gives way to a page that is looked at for a while. */
  #watchLeader() {
    clearTimeout(this.#look);
    if (this.#isHidden && !document.hidden) this.#look = setTimeout(() => this.#contend(true), PATIENCE_MS);
  }

  #hear(what, page, ...rest) {
    if (what === LEAD) this.#follow(page, ...rest);
    else if (what === HEARD || what === ENDED) this.#told(what, page, ...rest);
    else if (what === GONE) this.#lose(page);
    else if (!this.#leads) return;
    else if (what === WHO) this.#announce();
    else if (what === WOKEN) this.#tell(WOKEN);
    else this.#asked(what, page, ...rest);
  }

  #follow(page, term, isHidden, isUp) {
    if (this.#leads || term < this.#term) return;
    clearTimeout(this.#silence);
    this.#leader = page;
    this.#term = term;
    this.#isHidden = isHidden;
    for (const [conn, by] of [...this.#ways]) {
      if (!by) this.#ask(conn);
      else if (by !== page) this.#drop(conn);
    }
    if (isUp) this.#tell(UP);
    this.#watchLeader();
  }

  /** The leader has closed its client: the next one says so itself. */
  #lose(page) {
    if (page !== this.#leader) return;
    this.#leader = undefined;
    for (const [conn, by] of [...this.#ways]) if (by === page) this.#drop(conn);
  }

  #drop(conn) {
    this.#ways.delete(conn);
    this.#tell(ENDED, conn);
  }

  /** The leader speaks to links. */
  #told(what, leader, links, value) {
    for (const [page, conn] of links) {
      if (page === this.#page && this.#ways.get(conn) === leader) {
        if (what === ENDED) this.#ways.delete(conn);
        this.#tell(what, conn, value);
      }
    }
  }

  /** Another page speaks to its leader. */
  #asked(what, page, leader, conn, text) {
    if (leader !== this.#page) return;
    if (what === OPENED) {
      this.#last += 1;
      this.#links.set(this.#last, [page, conn]);
      this.#watch(page);
      this.#announce();
      this.#tell(OPENED, this.#last);
      return;
    }
    for (const [link, [itsPage, itsConn]] of this.#links) {
      if (itsPage === page && itsConn === conn) {
        if (what === LEFT) this.#links.delete(link);
        this.#tell(what, link, text);
      }
    }
  }

  #whose(links) {
    return links.map((link) => this.#links.get(link)).filter(Boolean);
  }

  /** Ends a page's links when it is gone. */
  #watch(page) {
    if (this.#watched.has(page)) return;
    this.#watched.add(page);
    const gone = () => {
      for (const [link, [itsPage]] of [...this.#links]) {
        if (itsPage === page) {
          this.#links.delete(link);
          this.#tell(LEFT, link);
        }
      }
    };
    navigator.locks
      .request(`${this.#name} ${page}`, { signal: this.#quit.signal }, gone)
      .catch(() => {})
      .finally(() => this.#watched.delete(page));
  }
}
