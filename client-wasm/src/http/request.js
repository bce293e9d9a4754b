// One request by `fetch`. `tell(what, status, text)`: the numbers are those of `http/exchange.rs`.
const FAILED = 0;
const ANSWERED = 1;
const OPENED = 2;
const PART = 3;
const ENDED = 4;

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
      if (status !== 200 || !streams) return say(ANSWERED, status, await response.text());
      say(OPENED, 0, '');
      const decoder = new TextDecoder();
      for (const reader = response.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) return say(ENDED, 0, '');
        say(PART, 0, decoder.decode(value, { stream: true }));
      }
    };
    run().catch((error) => say(FAILED, 0, String(error)));
  }

  /** Nothing is told any more. A request with a timeout goes on by itself until then. */
  abort() {
    this.#givenUp.abort();
  }
}
