// What `./x pkg` makes with wasm-pack, on a page without npm and without the typed face: two people chat by the bare core.
import { cp, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { test as base, type Page } from '@playwright/test';

import { Site, serverFor, token } from '../support/example.js';
import { expect } from '../support/fixtures.js';

const e2e = resolve(import.meta.dirname, '..');

/**
 * All that a page needs; what the core tells are rows as `npm/src/core-events.ts` describes them, what it is asked for as
 * `npm/src/commands.ts`.
 */
const PAGE = `<!doctype html>
<title>idle</title>
<ol></ol>
<script type="module">
  import init, { Core } from './pkg/tidings_client.js';
  await init();
  const [STATUS, FRAME, ROOM] = [0, 3, 5];
  const [CONNECT, JOIN, CHAT] = [0, 9, 13];
  const face = {
    tell(text) {
      for (const [what, value, state] of JSON.parse(text)) {
        if (what === STATUS) document.title = value;
        if (what === ROOM) document.body.dataset.room = state;
        if (what === FRAME && value.type === 'MESSAGE') {
          const row = document.createElement('li');
          row.textContent = value.data.senderId + ': ' + value.data.content;
          document.querySelector('ol').append(row);
        }
      }
    },
  };
  const [, server, token] = location.hash.split('#');
  const core = new Core(JSON.stringify({ url: server, token, persistence: true }), face);
  const ask = (...command) => core.act(JSON.stringify(command)) !== undefined;
  globalThis.say = (text) => ask(CHAT, crypto.randomUUID(), 'general', null, text);
  ask(CONNECT);
  ask(JOIN, 'general');
</script>`;

const test = base.extend<{ site: Site }>({
  site: async ({}, use) => {
    const work = join(e2e, '.work');
    await mkdir(work, { recursive: true });
    const folder = await mkdtemp(join(work, 'pkg-'));
    await cp(resolve(e2e, '../client-wasm/pkg'), join(folder, 'pkg'), { recursive: true });
    await writeFile(join(folder, 'index.html'), PAGE);
    const site = await Site.of(folder);
    await use(site);
    await site.close();
    await rm(folder, { recursive: true, force: true });
  },
});

test('two people chat on a plain page by what wasm-pack makes, and a server that was killed costs nothing', async ({ context, site }) => {
  const server = await serverFor(site.url);
  try {
    const open = async (userId: string) => {
      const page = await context.newPage();
      page.on('pageerror', (error) => {
        throw error;
      });
      await page.goto(`${site.url}/#${server.url}#${token(userId)}`);
      await expect(page).toHaveTitle('connected');
      await expect(page.locator('body')).toHaveAttribute('data-room', 'joined');
      return page;
    };
    const say = (page: Page, text: string) => page.evaluate((text) => (globalThis as unknown as { say(text: string): boolean }).say(text), text);
    const [ann, bob] = [await open('ann'), await open('bob')];
    expect(await say(ann, 'Hello Bob')).toBe(true);
    await expect(bob.getByRole('listitem')).toHaveText(['ann: Hello Bob']);
    await server.kill();
    await expect(ann).toHaveTitle('reconnecting');
    await say(ann, 'Are you there?');
    await server.start();
    for (const page of [ann, bob]) {
      await expect(page.getByRole('listitem')).toHaveText(['ann: Hello Bob', 'ann: Are you there?'], { timeout: 30_000 });
    }
  } finally {
    await server.dispose();
  }
});
