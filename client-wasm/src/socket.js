// One WebSocket. `tell(what, code, text)`: the numbers are those of `socket.rs`.
const OPENED = 0;
const TEXT = 1;
const CLOSED = 2;
const REFUSED = 3;

export class Socket {
  #socket;

  constructor(url, tell) {
    const socket = (this.#socket = new WebSocket(url));
    let end = REFUSED;
    socket.onopen = () => {
      end = CLOSED;
      tell(OPENED, 0, '');
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') tell(TEXT, 0, data);
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
