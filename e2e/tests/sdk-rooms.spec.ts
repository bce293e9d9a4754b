// Rooms, their list and notifications show all that there is, whatever was missed meanwhile.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from '@playwright/test';
import { build } from 'vite';

import { Person } from '../support/app.js';
import { Site, install, notify, serverFor, token, uninstall } from '../support/example.js';
import { hold, holdRequest } from '../support/held.js';
import { expect, listen, signIn, test } from '../support/sdk.js';

const contents = (page: Page) => () =>
  page.evaluate("client.room('hall').messages.get().map((one) => one.content)") as Promise<string[]>;

const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `m${from + at}`);

test('a room that was left shows what was posted meanwhile when it is opened again', async ({ open, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  await bob.say('hall', 'one');
  const ann = await open();
  await signIn(ann, server, 'ann');
  await ann.evaluate("client.room('hall').open()");
  await expect.poll(contents(ann)).toEqual(['one']);
  await ann.evaluate("client.room('hall').leave()");
  await bob.say('hall', 'two');
  await ann.evaluate("client.room('hall').open()");
  await expect.poll(contents(ann)).toEqual(['one', 'two']);
  await bob.say('hall', 'three');
  await expect.poll(contents(ann)).toEqual(['one', 'two', 'three']);
});

test('a message that has not changed is the same object in every snapshot', async ({ open, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  await bob.say('hall', 'one');
  await bob.say('hall', 'two');
  const ann = await open();
  await signIn(ann, server, 'ann');
  await ann.evaluate("client.room('hall').open()");
  await expect.poll(contents(ann)).toEqual(['one', 'two']);
  await ann.evaluate("globalThis.before = client.room('hall').messages.get()");
  await ann.evaluate("client.react('hall', before[0].messageId, '👍').done");
  await bob.say('hall', 'three');
  const shown = () =>
    ann.evaluate(
      "client.room('hall').messages.get().map((one) => [one.content, one.reactions?.length ?? 0, before.includes(one)])",
    );
  await expect.poll(shown).toEqual([
    ['one', 1, false],
    ['two', 0, true],
    ['three', 0, false],
  ]);
});

test('who was put out of a room and let in again sees all of it', async ({ open, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall', 'private', ['ann']);
  await bob.say('hall', 'one');
  const ann = await open();
  await signIn(ann, server, 'ann');
  await ann.evaluate("client.room('hall').open()");
  await expect.poll(contents(ann)).toEqual(['one']);
  const out = await listen(ann, 'client', 'membership');
  await bob.call('DELETE', '/api/v1/rooms/hall/members/ann');
  await out();
  await bob.say('hall', 'two');
  const refused = await listen(ann, 'client', 'roomRefused');
  await ann.evaluate("client.room('hall').open()");
  await refused();
  await bob.call('PUT', '/api/v1/rooms/hall/members/ann');
  await ann.evaluate("client.room('hall').open()");
  await expect.poll(contents(ann)).toEqual(['one', 'two']);
});

test.describe('where more was missed than is replayed', () => {
  test.use({ serverOptions: ['--replay-limit', '5'] });

  test('a room and its row are read anew, also after a failure', async ({ open, server }) => {
    const bob = await Person.signIn(server.url, 'bob');
    await bob.createRoom('hall', 'Hall');
    const [first] = await bob.say('hall', 'helo', 'gone soon');
    const ann = await open();
    await signIn(ann, server, 'ann');
    await ann.evaluate("client.room('hall').open()");
    await expect.poll(contents(ann)).toEqual(['helo', 'gone soon']);
    await ann.evaluate('client.rooms.load()');
    await ann.evaluate("client.room('hall').markRead()");
    await ann.evaluate('client.close()');
    await bob.frames([{ type: 'EDIT_MESSAGE', roomId: 'hall', messageId: first?.data.messageId, content: 'hello' }]);
    await bob.say('hall', ...numbered(1, 20));
    const again = await hold(ann, '**/api/v1/rooms/hall/messages?*');
    await ann.route('**/api/v1/rooms/hall/messages?*', (route) => route.abort(), { times: 1 });
    const failed = await listen(ann, 'client', 'error');
    await ann.evaluate('client.connect()');
    await failed();
    // What was there is shown until all is.
    await again.given;
    expect((await contents(ann)()).slice(0, 2)).toEqual(['helo', 'gone soon']);
    again.release();
    await expect.poll(contents(ann)).toEqual(['hello', 'gone soon', ...numbered(1, 20)]);
    await expect.poll(() => ann.evaluate('client.rooms.unread.get()')).toBe(20);
  });
});

test('a room whose log is another one now is read anew', async ({ open, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  await bob.say('hall', 'one');
  const ann = await open();
  let tell = (_text: string) => {};
  await ann.routeWebSocket(/\/ws\/chat/, (socket) => {
    socket.connectToServer();
    tell = (text) => socket.send(text);
  });
  await signIn(ann, server, 'ann');
  await ann.evaluate("client.room('hall').open()");
  await expect.poll(contents(ann)).toEqual(['one']);
  const asked = ann.waitForRequest('**/api/v1/rooms/hall/messages?*');
  const data = { roomId: 'hall', from: 1, to: 0, reason: 'EPOCH' };
  tell(JSON.stringify({ category: 'SYSTEM', type: 'GAP', data, timestamp: new Date().toISOString() }));
  await asked;
  await expect.poll(contents(ann)).toEqual(['one']);
});

test('an answer about an old message makes no hole in the history', async ({ open, server }) => {
  const id = crypto.randomUUID();
  const before = await Person.signIn(server.url, 'ann');
  await before.createRoom('hall', 'Hall');
  await before.frames([{ type: 'CHAT_MESSAGE', roomId: 'hall', content: 'm1', id }]);
  await before.say('hall', ...numbered(2, 121));
  const ann = await open();
  await signIn(ann, server, 'ann');
  await ann.evaluate("client.room('hall').open()");
  await expect.poll(contents(ann)).toEqual(numbered(72, 121));
  // As an outbox does that has not heard of it.
  await ann.evaluate(`crypto.randomUUID = () => '${id}'`);
  await ann.evaluate("client.room('hall').send('m1').done");
  await expect.poll(contents(ann)).toEqual(numbered(72, 121));
  await ann.evaluate("client.room('hall').loadOlder()");
  await ann.evaluate("client.room('hall').loadOlder()");
  await expect.poll(contents(ann)).toEqual(numbered(1, 121));
});

test('keys of messages are apart, whatever ids their senders give', async ({ open, server }) => {
  const [bob, carol] = [await Person.signIn(server.url, 'bob'), await Person.signIn(server.url, 'carol')];
  await bob.createRoom('hall', 'Hall');
  await carol.join('hall');
  const frame = { type: 'CHAT_MESSAGE', roomId: 'hall', id: '1' };
  for (const one of [bob, carol]) await one.frames([{ ...frame, content: one.id }]);
  const ann = await open();
  await signIn(ann, server, 'ann');
  await ann.evaluate("client.room('hall').open()");
  await expect.poll(contents(ann)).toEqual(['bob', 'carol']);
  expect(await ann.evaluate("new Set(client.room('hall').messages.get().map((one) => one.key)).size")).toBe(2);
});

test('the list of rooms follows what is read, edited, deleted and replayed', async ({ open, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  const ann = await open();
  await signIn(ann, server, 'ann');
  const unread = () => ann.evaluate('client.rooms.unread.get()');
  const last = () => ann.evaluate("client.rooms.list.get().find((one) => one.roomId === 'hall')?.lastMessage?.content");
  const joined = await listen(ann, 'client', 'roomParticipants');
  await ann.evaluate("client.room('hall').open()");
  await joined();
  await ann.evaluate('client.rooms.load()');
  const [said] = await bob.say('hall', 'helo');
  const messageId = said?.data.messageId;
  await expect.poll(unread).toBe(1);

  // The log ends with a reaction, behind what is read.
  const reacted = await listen(ann, 'client', 'reaction');
  await bob.frames([{ type: 'REACT', roomId: 'hall', messageId, emoji: '👍' }]);
  await reacted();
  await ann.evaluate("client.room('hall').markRead()");
  expect(await unread()).toBe(0);
  await bob.frames([{ type: 'EDIT_MESSAGE', roomId: 'hall', messageId, content: 'hello' }]);
  await expect.poll(last).toBe('hello');

  await ann.evaluate('client.close()');
  const [, regretted] = await bob.say('hall', 'news', 'oh no');
  await bob.frames([{ type: 'DELETE_MESSAGE', roomId: 'hall', messageId: regretted?.data.messageId }]);
  await ann.evaluate('client.connect()');
  await expect.poll(last).toBe('');
  expect(await unread()).toBe(1);
});

test('a room that is not in the list is asked for once, and not put in it after its end', async ({ open, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall', 'private', ['ann']);
  const ann = await open();
  await signIn(ann, server, 'ann');
  const joined = await listen(ann, 'client', 'roomParticipants');
  await ann.evaluate("client.joinRoom('hall')");
  await joined();
  let asked = 0;
  ann.on('request', (request) => (asked += Number(request.url().endsWith('/api/v1/rooms/hall'))));
  const row = await hold(ann, '**/api/v1/rooms/hall');
  await bob.say('hall', 'one', 'two');
  await row.given;
  const heard = await listen(ann, 'client', 'chatMessage');
  await bob.say('hall', 'three');
  await heard();
  row.release();
  const unread = () => ann.evaluate("client.rooms.list.get().find((one) => one.roomId === 'hall')?.unread");
  await expect.poll(unread).toBe(3);
  expect(asked).toBe(1);

  // Another one, which the user is put out of while it is asked for.
  await bob.createRoom('cellar', 'Cellar', 'private', ['ann']);
  await expect.poll(() => ann.evaluate("client.rooms.list.get().some((one) => one.roomId === 'cellar')")).toBe(true);
  const again = await open();
  await signIn(again, server, 'ann');
  const inside = await listen(again, 'client', 'roomParticipants');
  await again.evaluate("client.joinRoom('cellar')");
  await inside();
  const late = await hold(again, '**/api/v1/rooms/cellar');
  await bob.say('cellar', 'one');
  await late.given;
  const out = await listen(again, 'client', 'membership');
  await bob.call('DELETE', '/api/v1/rooms/cellar/members/ann');
  await out();
  const answer = again.waitForResponse('**/api/v1/rooms/cellar');
  late.release();
  await answer;
  // What is answered later is told later.
  await again.evaluate("client.request('GET', '/api/v1/rooms/hall')");
  expect(await again.evaluate('client.rooms.list.get()')).toEqual([]);
});

test('what is cleared is what was there, and no newer notification', async ({ open, server }) => {
  await notify(server, 'ann', 'old', '');
  const ann = await open();
  await signIn(ann, server, 'ann');
  await ann.evaluate('client.notifications.connect()');
  const titles = () => ann.evaluate('client.notifications.list.get().map((one) => one.title)');
  await expect.poll(titles).toEqual(['old']);
  const answer = await hold(ann, '**/api/v1/notifications');
  await ann.evaluate('void (globalThis.cleared = client.notifications.clear())');
  await answer.given;
  await notify(server, 'ann', 'new', '');
  await expect.poll(titles).toEqual(['new']);
  answer.release();
  await ann.evaluate('cleared');
  expect(await titles()).toEqual(['new']);
  expect(await ann.evaluate('client.notifications.unreadCount.get()')).toBe(1);
});

test('what is replayed behind the newest page is not counted twice', async ({ open, server }) => {
  for (let at = 0; at < 60; at += 1) await notify(server, 'ann', `n${at}`, '');
  const ann = await open();
  await signIn(ann, server, 'ann');
  // The first stream ends at once and the next one waits, so that the page is there before anything is replayed.
  const greeting = {
    contentType: 'text/event-stream',
    headers: { 'access-control-allow-origin': '*' },
    body: 'event: connected\ndata: {"message":"","unreadCount":60}\n\n',
  };
  const stream = '**/api/v1/notifications/stream/**';
  const next = await holdRequest(ann, stream);
  await ann.route(stream, (route) => route.fulfill(greeting), { times: 1 });
  await ann.evaluate('client.notifications.connect()');
  const length = () => ann.evaluate('client.notifications.list.get().length');
  await expect.poll(length).toBe(50);
  await ann.route('**/api/v1/notifications?*', (route) => route.abort());
  next.release();
  await expect.poll(length).toBe(60);
  expect(await ann.evaluate('client.notifications.unreadCount.get()')).toBe(60);
});

const DROP_IN = `
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useChatWebSocket } from '@tidings/client/react';

const query = new URLSearchParams(location.search);
function App() {
  const [token, setToken] = useState(query.get('token'));
  const chat = useChatWebSocket(query.get('server') ?? '', token);
  useEffect(() => chat.joinRoom('hall'), [chat.joinRoom]);
  Object.assign(window, { setToken });
  return <output>{chat.roomParticipants.length + ': ' + chat.messages.map((one) => one.content).join()}</output>;
}
createRoot(document.getElementById('root')!).render(<App />);
`;

test('the drop-in hook for chats goes on where it was when the token changes', async ({ page }) => {
  const folder = await install('vite');
  await writeFile(join(folder, 'src/main.tsx'), DROP_IN);
  await build({ root: folder, base: './', logLevel: 'error' });
  const site = await Site.of(join(folder, 'dist'));
  const server = await serverFor(site.url);
  try {
    const bob = await Person.signIn(server.url, 'bob');
    await bob.createRoom('hall', 'Hall');
    await page.goto(`${site.url}/?server=${server.url.replace('http', 'ws')}&token=${token('ann')}`);
    const shown = page.locator('output');
    await expect(shown).toHaveText('1: ');
    await bob.say('hall', 'one');
    await expect(shown).toHaveText('1: one');
    await page.evaluate('setToken(null)');
    await bob.say('hall', 'two');
    await page.evaluate(`setToken('${token('ann')}')`);
    await expect(shown).toHaveText('1: one,two');
    await bob.say('hall', 'three');
    await expect(shown).toHaveText('1: one,two,three');
  } finally {
    await Promise.all([server.dispose(), site.close(), uninstall(folder)]);
  }
});
