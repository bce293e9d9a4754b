// A network cable between a page and a server: a TCP relay that a test can cut and mend.
//
// The browser's own "offline" switch leaves open WebSockets alone; cutting the cable does not.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A relay on a loopback port of its own. */
export class Link {
  #relay;
  #port = 0;
  #target;
  #cut = false;
  /** @type {Set<import('node:net').Socket>} */
  #open = new Set();

  /** @param {number} target the server's port */
  constructor(target) {
    this.#target = target;
    this.#relay = createServer((near) => this.#join(near));
  }

  /**
   * A mended link to a server.
   *
   * @param {string} url the server's address
   */
  static async to(url) {
    const link = new Link(Number(new URL(url).port));
    link.#relay.listen(0, '127.0.0.1');
    await once(link.#relay, 'listening');
    const address = link.#relay.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    link.#port = address.port;
    return link;
  }

  /** The address that a page uses in place of the server's. */
  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Ends every connection and refuses new ones. Gives how many it has ended, counted at both ends. */
  cut() {
    this.#cut = true;
    const ended = this.#open.size;
    for (const socket of this.#open) socket.resetAndDestroy();
    return ended;
  }

  /** Lets connections through again. */
  mend() {
    this.#cut = false;
  }

  /** Ends the relay. */
  async dispose() {
    this.cut();
    this.#relay.close();
    await once(this.#relay, 'close');
  }

  /** @param {import('node:net').Socket} near */
  #join(near) {
    if (this.#cut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      this.#open.add(one);
      one.on('error', () => {}); // `close` follows and does what is to be done
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
