// What every browser test starts from: `import { expect, test } from '../support/fixtures'`.
import { test as base } from '@playwright/test';

import { Link } from './link.js';
import { Server } from './server.js';

type Fixtures = {
  /** More arguments for `tidings-server serve --dev`; set with `test.use({ serverOptions: [...] })`. */
  serverOptions: string[];
  /** A server of the test's own, empty at its start; `baseURL` is its address. */
  server: Server;
  /** A cable to that server, for tests that cut it: open `link.url` in place of `/`. */
  link: Link;
};

export const test = base.extend<Fixtures>({
  serverOptions: [[], { option: true }],

  server: async ({ serverOptions }, use, info) => {
    const server = await Server.launch(serverOptions);
    try {
      await use(server);
    } finally {
      if (info.status !== info.expectedStatus) {
        await info.attach('server.log', { body: server.log, contentType: 'text/plain' });
      }
      await server.dispose();
    }
  },

  link: async ({ server }, use) => {
    const link = await Link.to(server.url);
    await use(link);
    await link.dispose();
  },

  baseURL: async ({ server }, use) => {
    await use(server.url);
  },
});

export { expect } from '@playwright/test';
