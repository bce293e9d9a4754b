// Answers and frames that were given away and have not arrived yet: what happens meanwhile is newer.
import type { Page } from '@playwright/test';

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

/** Holds back the answer to the page's next request for an address. */
export async function hold(page: Page, address: string): Promise<Held> {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let answered = () => {};
  const given = new Promise<void>((resolve) => {
    answered = resolve;
  });
  await page.route(
    address,
    async (route) => {
      const response = await route.fetch();
      answered();
      await gate;
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  return { given, release };
}
