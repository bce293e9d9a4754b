// When the npm package asks its app for a token.
import type { Page } from '@playwright/test';

import { token } from '../support/example.js';
import { expect, test } from '../support/sdk.js';

/** Connects with `getToken`, which gives these answers, the last one again and again, and tells how often it was asked. */
function connect(page: Page, options: object, answers: (string | null)[]): Promise<number> {
  return page.evaluate(
    async ({ options, answers }) => {
      const { TidingsClient } = await import('/node_modules/@tidings/client/dist/index.js' as string);
      const hears = globalThis as unknown as { asked?: () => void };
      let calls = 0;
      const getToken = () => {
        const answer = answers[Math.min(calls, answers.length - 1)];
        calls += 1;
        hears.asked?.();
        if (answer == null) throw new Error('no token yet');
        return answer;
      };
      await new TidingsClient({ ...options, getToken }).connect();
      return calls;
    },
    { options, answers },
  );
}

/** Gives the page a function, and resolves when that is called. */
async function firstCall(page: Page, name: string): Promise<{ made: Promise<void> }> {
  let call = () => {};
  const made = new Promise<void>((resolve) => {
    call = resolve;
  });
  await page.exposeFunction(name, () => call());
  return { made };
}

test('a token is fetched while the module loads, and only once', async ({ open, server }) => {
  const page = await open();
  const asked = await firstCall(page, 'asked');
  await page.route('**/wasm-inline.js', async (route) => {
    await asked.made;
    await route.continue();
  });
  expect(await connect(page, { url: server.url }, [token('ann')])).toBe(1);
});

test('a token that cannot be had while the module loads is asked for again', async ({ open, server }) => {
  const page = await open();
  const thrown: Error[] = [];
  page.on('pageerror', (error) => thrown.push(error));
  expect(await connect(page, { url: server.url }, [null, token('ann')])).toBe(2);
  expect(thrown).toEqual([]);
});

test('a token that was fetched while the module took long to load is too old, and asked for again', async ({ open, server }) => {
  const page = await open();
  await page.clock.install();
  const asked = await firstCall(page, 'asked');
  await page.route('**/wasm-inline.js', async (route) => {
    await asked.made;
    await page.clock.fastForward(10_001);
    await route.continue();
  });
  expect(await connect(page, { url: server.url }, [token('ann')])).toBe(2);
});
