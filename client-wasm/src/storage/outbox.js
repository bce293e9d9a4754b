// The outbox of one user in IndexedDB: a row for each message, under [owner, page, id].
//
// A page owns its rows as long as it holds a Web Lock of its own name. Where that lock is free, the page is gone, and
// whoever gets the lock first takes the rows over: so no message is sent by two pages.
//
// `tell(kind, 0, text)` says what happened; the text is an id, or rows as JSON. The numbers are those of
// `storage/outbox.rs`.
const LOADED = 0;
const ADOPTED = 1;
const SAVED = 2;
const UNKEPT = 3;
const KEPT = 4;
const LOST = 5;

const NAME = 'outbox';

const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const under = (...key) => IDBKeyRange.bound(key, [...key, []]);

export class OutboxStore {
  #owner;
  #tell;
  #page;
  #db;
  #channel;
  #release = () => {};
  #closed = new AbortController();
  /** Pages whose lock this one waits for. */
  #watched = new Set();
  /** Writes that wait for their transaction. */
  #writes = [];
  /** The put of each entry for which there was no room, tried again with every later write. */
  #unkept = new Map();
  /** All transactions, one after the other. */
  #last;

  constructor(owner, tell) {
    this.#owner = owner;
    this.#tell = tell;
    this.#last = this.#open().catch(() => {
      this.#db = undefined;
      this.#say(LOST);
      this.#say(LOADED, '[]');
    });
  }

  put(id, order, frame, failed) {
    this.#write((rows) => rows.put({ id, order, frame, failed }, [this.#owner, this.#page, id]), id, true);
  }

  remove(id) {
    this.#write((rows) => rows.delete([this.#owner, this.#page, id]), id, false);
  }

  /** Erases all of this user, other pages' rows too. */
  forget() {
    this.#write((rows) => rows.delete(under(this.#owner)));
  }

  /** Gives the rows to whoever takes them over. Nothing is told any more. */
  close() {
    this.#tell = () => {};
    this.#closed.abort();
    this.#last.then(() => {
      this.#channel?.close();
      this.#db?.close();
      this.#release();
    });
  }

  async #open() {
    this.#page = crypto.randomUUID();
    await new Promise((held, refused) => {
      const hold = () => new Promise((release) => held((this.#release = release)));
      navigator.locks.request(this.#lock(this.#page), hold).catch(refused);
    });
    const request = indexedDB.open('tidings', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(NAME);
    this.#db = await answer(request);
    this.#db.onversionchange = () => this.#db.close();
    // Pages learn of each other, so that each waits for the other's end.
    this.#channel = new BroadcastChannel(`tidings ${NAME} ${this.#owner}`);
    this.#channel.onmessage = ({ data: [page, isNew] }) => {
      if (isNew) this.#channel.postMessage([this.#page, false]);
      this.#watch(page);
    };
    this.#channel.postMessage([this.#page, true]);
    const keys = await answer(this.#db.transaction(NAME).objectStore(NAME).getAllKeys(under(this.#owner)));
    const left = [];
    for (const page of new Set(keys.map((key) => key[1]))) {
      await navigator.locks.request(this.#lock(page), { ifAvailable: true }, async (lock) => {
        if (lock) left.push(...(await this.#adopt(page)));
        else this.#watch(page);
      });
    }
    this.#say(KEPT);
    this.#say(LOADED, JSON.stringify(left));
  }

  #lock(page) {
    return `tidings ${NAME} ${this.#owner} ${page}`;
  }

  #say(kind, text = '') {
    this.#tell(kind, 0, text);
  }

  /** Takes a page's rows over when it is gone. */
  #watch(page) {
    if (page === this.#page || this.#watched.has(page)) return;
    this.#watched.add(page);
    const take = async () => {
      if (this.#closed.signal.aborted) return;
      const rows = await this.#adopt(page);
      if (rows.length) this.#say(ADOPTED, JSON.stringify(rows));
    };
    navigator.locks
      .request(this.#lock(page), { signal: this.#closed.signal }, take)
      .catch(() => {})
      .finally(() => this.#watched.delete(page));
  }

  /** Puts a page's rows under this one, all or none. Its lock is held. */
  async #adopt(page) {
    const range = under(this.#owner, page);
    let rows;
    await this.#transaction(async (store) => {
      rows = await answer(store.getAll(range));
      store.delete(range);
      for (const row of rows) store.put(row, [this.#owner, this.#page, row.id]);
    });
    return rows.sort((a, b) => a.order - b.order).map(({ id, order, frame, failed }) => [id, order, frame, failed]);
  }

  #write(run, id, saves) {
    if (this.#writes.push({ run, id, saves }) === 1) this.#last = this.#last.then(() => this.#flush());
  }

  async #flush() {
    const writes = this.#writes.splice(0);
    const run = (some) => this.#transaction((store) => some.forEach(({ run }) => run(store)));
    const failed = new Set();
    // Together, or where that fails each for itself: one row too many must not keep others from being removed.
    await run(writes).catch(async () => {
      for (const write of writes) await run([write]).catch(() => failed.add(write));
    });
    for (const { id } of writes) this.#unkept.delete(id);
    // What was removed may have made room. What is erased is not put back.
    let again = this.#closed.signal.aborted ? [] : [...this.#unkept.values()];
    if (again.length) await run(again).catch(() => (again = []));
    for (const { id } of again) this.#unkept.delete(id);
    for (const write of writes) {
      if (write.saves && failed.has(write)) this.#unkept.set(write.id, write);
      else this.#unkept.delete(write.id);
    }
    this.#say(this.#unkept.size ? LOST : KEPT);
    for (const write of [...again, ...writes]) {
      if (write.saves) this.#say(failed.has(write) ? UNKEPT : SAVED, write.id);
    }
  }

  async #transaction(run) {
    const transaction = this.#db.transaction(NAME, 'readwrite', { durability: 'relaxed' });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    try {
      await run(transaction.objectStore(NAME));
    } catch (error) {
      transaction.abort();
      await done.catch(() => {});
      throw error;
    }
    await done;
  }
}
