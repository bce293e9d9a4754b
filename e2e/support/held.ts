// Requests, answers and frames that were given away and have not arrived yet: what happens meanwhile is newer.
import type { Page, Route } from '@playwright/test';

/** Something on its way. */
export interface Held {
  /** Resolves when it was given away: the server has answered, or the page has sent. */
  readonly given: Promise<void>;
  /** Lets it through. */
  release(): void;
}

/** Holds back the frames of a type that the page sends over its WebSocket, until they are let through. */
export async function holdFrames(page: Page, type: string): Promise<Held> {
  const held: (() => void)[] = [];
  let sent = () => {};
  const given = new Promise<void>((resolve) => {
    sent = resolve;
  });
  await page.routeWebSocket(/\/ws\/chat/, (socket) => {
    const up = socket.connectToServer();
    socket.onMessage((message) => {
      if (!String(message).includes(`"type":"${type}"`)) return up.send(message);
      held.push(() => up.send(message));
      sent();
    });
  });
  return { given, release: () => held.splice(0).forEach((send) => send()) };
}

/** Lets so many of the server's ACKs through to the page, and keeps the others from it until it is told not to. */
export async function limitAnswers(page: Page, count: number): Promise<{ lift(): void }> {
  let left = count;
  await page.routeWebSocket(/\/ws\/chat/, (socket) => {
    socket.connectToServer().onMessage((message) => {
      const isAnswer = String(message).includes('"type":"ACK"');
      if (isAnswer) left -= 1;
      if (!isAnswer || left >= 0) socket.send(message);
    });
  });
  return {
    lift: () => {
      left = Infinity;
    },
  };
}

/** Holds back the page's next request for an address, which need not have an end, as a stream has none. */
export async function holdRequest(page: Page, address: string): Promise<Held> {
  return holdNext(page, address, async (route, gate, given) => {
    given();
    await gate;
    await route.continue();
  });
}

/** Holds back the answer to the page's next request for an address. */
export async function hold(page: Page, address: string): Promise<Held> {
  return holdNext(page, address, async (route, gate, given) => {
    const response = await route.fetch();
    given();
    await gate;
    await route.fulfill({ response });
  });
}

type Hold = (route: Route, gate: Promise<void>, given: () => void) => Promise<void>;

async function holdNext(page: Page, address: string, handle: Hold): Promise<Held> {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let answered = () => {};
  const given = new Promise<void>((resolve) => {
    answered = resolve;
  });
  await page.route(address, (route) => handle(route, gate, answered), { times: 1 });
  return { given, release };
}
