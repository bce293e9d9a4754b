// A network that does not let everything through: a proxy in front of a server that refuses WebSockets and, where it is
// told so, holds event streams back until they end.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Longest head of a request, in bytes. */
const LONGEST_HEAD = 64 * 1024;

/** @typedef {'no-sockets' | 'only-polls'} Way what is let through */

export class Narrow {
  #proxy;
  #port = 0;
  #target;
  /** @type {Way | undefined} */
  #way;
  /** @type {Set<import('node:net').Socket>} */
  #open = new Set();

  /**
   * @param {number} target the server's port
   * @param {Way} way
   */
  constructor(target, way) {
    this.#target = target;
    this.#way = way;
    this.#proxy = createServer((near) => this.#join(near));
  }

  /**
   * @param {string} url the server's address
   * @param {Way} way
   */
  static async before(url, way) {
    const narrow = new Narrow(Number(new URL(url).port), way);
    narrow.#proxy.listen(0, '127.0.0.1');
    await once(narrow.#proxy, 'listening');
    const address = narrow.#proxy.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    narrow.#port = address.port;
    return narrow;
  }

  /** The address that a page uses in place of the server's. */
  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Lets everything through from now on. */
  widen() {
    this.#way = undefined;
  }

  async dispose() {
    for (const socket of this.#open) socket.destroy();
    this.#proxy.close();
    await once(this.#proxy, 'close');
  }

  /** @param {import('node:net').Socket} near */
  #join(near) {
    this.#open.add(near);
    near.on('error', () => {}); // `close` follows
    near.on('close', () => this.#open.delete(near));
    let head = Buffer.alloc(0);
    const read = (/** @type {Buffer} */ part) => {
      head = Buffer.concat([head, part]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length < LONGEST_HEAD) return;
      near.off('data', read);
      near.pause();
      this.#relay(near, head, end);
    };
    near.on('data', read);
  }

  /**
   * One request a connection: then the next one is judged too.
   *
   * @param {import('node:net').Socket} near
   * @param {Buffer} head
   * @param {number} end
   */
  #relay(near, head, end) {
    const text = head.subarray(0, end).toString('latin1').toLowerCase();
    const isUpgrade = text.includes('\r\nupgrade:');
    if (isUpgrade && this.#way) {
      near.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    const isHeld = this.#way === 'only-polls' && text.includes('/realtime/stream ') && text.startsWith('post');
    const far = connect(this.#target, '127.0.0.1');
    this.#open.add(far);
    far.on('error', () => {});
    far.on('close', () => {
      this.#open.delete(far);
      near.destroy();
    });
    near.on('close', () => far.destroy());
    far.write(head.subarray(0, end));
    if (!isUpgrade) far.write('\r\nconnection: close');
    far.write(head.subarray(end));
    near.pipe(far);
    if (isHeld) far.resume();
    else far.pipe(near);
  }
}
