// What the tests of the npm package start from: a site with an empty page that can import it, and a server that lets
// that page in.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { test as base, type Page } from '@playwright/test';

import { Site, install, serverFor, token, uninstall } from './example.js';
import type { Server } from './server.js';

type Fixtures = {
  /** More arguments for `tidings-server serve --dev`; set with `test.use({ serverOptions: [...] })`. */
  serverOptions: string[];
  /** The folder of the site, with the package installed. */
  folder: string;
  site: Site;
  server: Server;
  /** Opens the empty page in a new tab. */
  open: () => Promise<Page>;
};

export const test = base.extend<Fixtures>({
  serverOptions: [[], { option: true }],

  folder: async ({}, use) => {
    const folder = await install('plain');
    await writeFile(join(folder, 'blank.html'), '<!doctype html><title>blank</title>');
    await use(folder);
    await uninstall(folder);
  },

  site: async ({ folder }, use) => {
    const site = await Site.of(folder);
    await use(site);
    await site.close();
  },

  server: async ({ site, serverOptions }, use) => {
    const server = await serverFor(site.url, serverOptions);
    await use(server);
    await server.dispose();
  },

  open: async ({ context, site }, use) => {
    await use(async () => {
      const page = await context.newPage();
      await page.goto(`${site.url}/blank.html`);
      return page;
    });
  },
});

export { expect } from '@playwright/test';

/** Makes `client`, connected as a user, and the codes of its `errors` globals of the page. */
export async function signIn(page: Page, server: Server, userId: string, options: object = {}): Promise<void> {
  await page.evaluate(
    async (options) => {
      const { TidingsClient } = await import('/node_modules/@tidings/client/dist/index.js' as string);
      const client = new TidingsClient(options);
      const errors: string[] = [];
      client.on('error', ({ code }: { code: string }) => errors.push(code));
      Object.assign(globalThis, { client, errors });
      await client.connect();
    },
    { url: server.url, token: token(userId), ...options },
  );
}

/** Listens from now on; what is answered waits for the event. */
export async function listen(page: Page, to: string, event: string): Promise<() => Promise<unknown>> {
  await page.evaluate(`void (globalThis.told = ${to}.once('${event}'))`);
  return () => page.evaluate('told');
}
