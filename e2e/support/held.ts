// An answer that the server has given and that has not arrived yet: what happens meanwhile is newer.
import type { Page } from '@playwright/test';

/** One answer on its way. */
export interface Held {
  /** Resolves when the server has answered. */
  readonly given: Promise<void>;
  /** Lets the answer through. */
  release(): void;
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
