// What the npm package promises besides the examples: the drop-in classes, the slim entry, webpack, Node, CSP.
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from '@playwright/test';
import webpack from 'webpack';

import { converse } from '../support/conversation.js';
import { notify, token } from '../support/example.js';
import { expect, test as base } from '../support/sdk.js';

const test = base.extend<{ blank: Page }>({
  /** An empty page of the site, from which scripts import the package. */
  blank: async ({ open }, use) => {
    await use(await open());
  },
});

const PACKAGE = '/node_modules/@tidings/client/dist';

test('the drop-in chat class has the methods, events and state of a hand-written one', async ({ blank, server }) => {
  const told = await blank.evaluate(
    async ([entry, url, ann, bob]) => {
      const { ChatWebSocketClient } = await import(`${entry}/index.js`);
      const heard: [string, unknown][] = [];
      const client = new ChatWebSocketClient(url, ann);
      const before = client.getConnectionState();
      for (const event of ['connected', 'connectionEstablished', 'roomParticipants', 'userJoined', 'userLeft']) {
        client.on(event, (data: unknown) => heard.push([event, data]));
      }
      for (const event of ['chatMessage', 'typingIndicator', 'privateMessage', 'messageDelivered', 'error']) {
        client.on(event, (data: unknown) => heard.push([event, data]));
      }
      const next = (one: typeof client, event: string) =>
        new Promise((resolve) => {
          const once = (data: unknown) => {
            one.off(event, once);
            resolve(data);
          };
          one.on(event, once);
        });
      // Queued before there is a connection.
      client.joinRoom('general');
      const opened = await client.connect();
      if (!heard.some(([event]) => event === 'roomParticipants')) await next(client, 'roomParticipants');
      const other = new ChatWebSocketClient(url, bob);
      const joined = next(client, 'userJoined');
      await other.connect();
      other.joinRoom('general');
      await joined;
      const typing = next(client, 'typingIndicator');
      other.sendTypingIndicator('general', true);
      await typing;
      const message = next(client, 'chatMessage');
      other.sendChatMessage('general', 'Hello');
      await message;
      const delivered = next(other, 'messageDelivered');
      const whispered = next(client, 'privateMessage');
      other.sendPrivateMessage('ann', 'psst');
      await Promise.all([delivered, whispered]);
      const refused = next(client, 'error');
      client.sendChatMessage('elsewhere', 'Is anybody here?');
      await refused;
      const left = next(client, 'userLeft');
      other.leaveRoom('general');
      await left;
      const during = client.getConnectionState();
      const ended = next(client, 'disconnected');
      client.disconnect();
      await ended;
      other.disconnect();
      return { before, during, after: client.getConnectionState(), opened, heard };
    },
    [PACKAGE, server.url.replace('http', 'ws'), token('ann'), token('bob')] as const,
  );
  const data = (event: string) => told.heard.find(([name]) => name === event)?.[1];
  expect(told.before).toEqual({ isConnected: false, readyState: undefined, reconnectAttempts: 0, queuedMessages: 0 });
  expect(told.opened).toMatchObject({ type: 'open' });
  expect(told.during).toMatchObject({ isConnected: true, readyState: 1, reconnectAttempts: 0 });
  expect(told.after).toMatchObject({ isConnected: false, readyState: 3 });
  expect(data('connectionEstablished')).toMatchObject({ userId: 'ann' });
  expect(data('roomParticipants')).toMatchObject({ roomId: 'general', participants: ['ann'] });
  expect(data('userJoined')).toMatchObject({ userId: 'bob', roomId: 'general' });
  expect(data('typingIndicator')).toEqual({ userId: 'bob', isTyping: true, roomId: 'general' });
  expect(data('chatMessage')).toMatchObject({ senderId: 'bob', content: 'Hello', roomId: 'general' });
  expect(data('privateMessage')).toMatchObject({ senderId: 'bob', content: 'psst' });
  expect(data('error')).toMatchObject({ error: 'You are not a member of this room', code: 'NOT_A_MEMBER' });
  expect(data('userLeft')).toMatchObject({ userId: 'bob', roomId: 'general' });
});

test('the drop-in notification class goes on after the last event, also on the next page', async ({ blank, server }) => {
  const args = [PACKAGE, server.url, token('ann')] as const;
  const listen = ([entry, url, ann]: readonly string[]) =>
    import(`${entry}/index.js`).then(async ({ NotificationSSEClient }) => {
      const heard: string[] = [];
      const client = new NotificationSSEClient(url, 'ann', ann);
      client.on('notification', ({ title }: { title: string }) => heard.push(title));
      const connected = new Promise((resolve) => client.on('connected', resolve));
      client.connect();
      await connected;
      Object.assign(globalThis, { client, heard });
      return client.getConnectionState();
    });
  expect(await blank.evaluate(listen, args)).toMatchObject({ readyState: 1, reconnectAttempts: 0, lastEventId: null });
  await notify(server, 'ann', 'one', '');
  await expect.poll(() => blank.evaluate('heard')).toEqual(['one']);

  await blank.reload();
  await notify(server, 'ann', 'two', '');
  const state = await blank.evaluate(listen, args);
  expect(state.url).toBe(`${server.url}/api/v1/notifications/stream/ann`);
  expect(state.lastEventId).not.toBeNull();
  await expect.poll(() => blank.evaluate('heard')).toEqual(['two']);
});

test('the slim entry takes the wasm from where it is told', async ({ blank, server }) => {
  const requests: string[] = [];
  blank.on('request', (request) => requests.push(new URL(request.url()).pathname));
  const content = await blank.evaluate(
    async ([entry, url, ann]) => {
      const { TidingsClient } = await import(`${entry}/slim.js`);
      const client = new TidingsClient({ url, token: ann, wasm: `${entry}/tidings_bg.wasm` });
      await client.connect();
      client.joinRoom('general');
      const { content, seq, roomId } = await client.sendChatMessage('general', 'Hello').done;
      client.close();
      return { content, seq, roomId };
    },
    [PACKAGE, server.url, token('ann')] as const,
  );
  expect(content).toEqual({ content: 'Hello', seq: 1, roomId: 'general' });
  expect(requests).toContain(`${PACKAGE}/tidings_bg.wasm`);
  expect(requests).not.toContain(`${PACKAGE}/wasm-inline.js`);
});

test('a page whose policy forbids WebAssembly is told so by an error of its own', async ({ folder, site, page }) => {
  const policy = `<!doctype html><meta http-equiv="content-security-policy" content="script-src 'self' 'unsafe-inline'">`;
  const script = `
    const { TidingsClient } = await import('${PACKAGE}/index.js');
    document.title = await new TidingsClient().connect().catch((error) => error.code);`;
  await writeFile(join(folder, 'csp.html'), `${policy}<script type="module">${script}</script>`);
  await page.goto(`${site.url}/csp.html`);
  await expect(page).toHaveTitle('WASM_BLOCKED');
});

test('a module that comes cut off or mixed up is an error, and not a page that hangs', async ({ folder, site, page }) => {
  const script = `
    const { TidingsClient } = await import('${PACKAGE}/index.js');
    document.title = await new TidingsClient().connect().catch((error) => error.code);`;
  await writeFile(join(folder, 'broken.html'), `<script type="module">${script}</script>`);
  const whole = await readFile(join(folder, 'node_modules/@tidings/client/dist/wasm-inline.js'), 'utf8');
  const [, packed = ''] = /default "([^"]+)"/.exec(whole) ?? [];
  const half = packed.slice(0, (packed.length >> 3) * 4);
  for (const broken of [half, half + [...half].reverse().join('').replaceAll('=', ''), '']) {
    await page.route('**/wasm-inline.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: whole.replace(packed, broken) }),
    );
    await page.goto(`${site.url}/broken.html`);
    await expect(page).toHaveTitle('WASM_FAILED');
  }
});

test('two people chat and are notified in an app that webpack has built', async ({ folder, site, server, context }) => {
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) =>
    webpack(
      {
        mode: 'production',
        context: folder,
        entry: './main.js',
        output: { path: join(folder, 'built'), filename: 'main.js', publicPath: 'auto' },
        performance: false,
        experiments: { topLevelAwait: true },
      },
      (error, made) => (error ? reject(error) : resolve(made)),
    ),
  );
  expect(stats?.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [], warnings: [] });
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  await mkdir(join(folder, 'built'), { recursive: true });
  await writeFile(join(folder, 'built/index.html'), html.replace(/<script type="importmap">[^]*?<\/script>/, ''));
  await converse(context, `${site.url}/built`, server);
});

test('Node loads the package, and a client there is inert until it connects', async ({ folder }) => {
  const script = `
    import * as tidings from '@tidings/client';
    import { ready } from '@tidings/client';
    const client = new tidings.TidingsClient({ url: 'http://127.0.0.1:9', token: 'x' });
    client.joinRoom('general');
    const { id } = client.sendChatMessage('general', 'Hello');
    await ready();
    console.log(JSON.stringify({ state: client.state, id: id.length, names: Object.keys(tidings).sort() }));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, encoding: 'utf8' });
  expect(JSON.parse(out)).toEqual({
    state: 'idle',
    id: 36,
    names: [
      'ChatWebSocketClient',
      'Emitter',
      'NotificationClient',
      'NotificationSSEClient',
      'TidingsClient',
      'TidingsError',
      'ready',
    ],
  });
});
