// The npm package, from its tarball, in the examples: on a plain page, with Vite as it develops and as it builds.
import { join } from 'node:path';

import { build, createServer } from 'vite';

import { converse } from '../support/conversation.js';
import { Site, install, serverFor, uninstall } from '../support/example.js';
import { freePort } from '../support/server.js';
import { test } from '@playwright/test';

test('two people chat and are notified on a plain page', async ({ context }) => {
  const folder = await install('plain');
  const site = await Site.of(folder);
  const server = await serverFor(site.url);
  try {
    await converse(context, site.url, server);
  } finally {
    await Promise.all([server.dispose(), site.close(), uninstall(folder)]);
  }
});

test('two people chat and are notified in an app that Vite has built', async ({ context }) => {
  const folder = await install('vite');
  await build({ root: folder, base: './', logLevel: 'warn' });
  const site = await Site.of(join(folder, 'dist'));
  const server = await serverFor(site.url);
  try {
    await converse(context, site.url, server);
  } finally {
    await Promise.all([server.dispose(), site.close(), uninstall(folder)]);
  }
});

test('two people chat and are notified in an app that Vite serves for development', async ({ context }) => {
  const folder = await install('vite');
  const port = await freePort();
  const vite = await createServer({
    root: folder,
    cacheDir: join(folder, '.vite'),
    logLevel: 'warn',
    server: { port, host: '127.0.0.1', strictPort: true },
  });
  await vite.listen();
  const site = `http://127.0.0.1:${port}`;
  const server = await serverFor(site);
  try {
    await converse(context, site, server);
  } finally {
    await Promise.all([server.dispose(), vite.close()]);
    await uninstall(folder);
  }
});
