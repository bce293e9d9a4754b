// The client of the npm package from its tarball: stores, changes of messages, refusals, direct conversations.
import type { Page } from '@playwright/test';

import { token } from '../support/example.js';
import { expect, listen, signIn, test as base } from '../support/sdk.js';
import type { Server } from '../support/server.js';

const test = base.extend<{ ann: Page; bob: Page }>({
  ann: async ({ open, server }, use) => {
    const page = await open();
    await signIn(page, server, 'ann');
    await use(page);
  },
  bob: async ({ open, server }, use) => {
    const page = await open();
    await signIn(page, server, 'bob');
    await use(page);
  },
});

/** What a room's messages look like on a page, shortened. */
const shown = (page: Page) =>
  page.evaluate(
    "client.room('general').messages.get().map((one) => [one.content, one.state, one.deleted ?? false, (one.reactions ?? []).map((r) => `${r.emoji}${r.count}${r.mine ? '!' : ''}`).join()])",
  );

test('messages are edited, deleted and reacted to, and everybody sees the same', async ({ ann, bob }) => {
  await ann.evaluate("client.room('general').open()");
  await ann.evaluate("client.room('general').send('first').done");
  await bob.evaluate("client.room('general').open()");
  // Bob came later: the first message is history to him.
  await expect.poll(() => shown(bob)).toEqual([['first', 'sent', false, '']]);
  await ann.evaluate(`(async () => {
    const second = await client.room('general').send('second').done;
    const third = await client.room('general').send('third').done;
    await client.editMessage('general', second.messageId, 'second, better').done;
    await client.deleteMessage('general', third.messageId).done;
    await client.react('general', second.messageId, '👍').done;
  })()`);
  const all = (mine: string) => [
    ['first', 'sent', false, ''],
    ['second, better', 'sent', false, `👍1${mine}`],
    ['', 'sent', true, ''],
  ];
  await expect.poll(() => shown(bob)).toEqual(all(''));
  await expect.poll(() => shown(ann)).toEqual(all('!'));
  await bob.evaluate(`client.react('general', client.room('general').messages.get()[1].messageId, '👍').done`);
  await expect.poll(() => shown(ann)).toEqual([all('')[0], ['second, better', 'sent', false, '👍2!'], all('')[2]]);
  expect(await ann.evaluate('errors')).toEqual([]);
});

test('a text that was cut through an emoji is sent, with a mark where the half was', async ({ ann, bob }) => {
  await ann.evaluate("client.room('general').open()");
  await bob.evaluate("client.room('general').open()");
  await ann.evaluate(`client.room('general').send('cut 🎉'.slice(0, 5)).done`);
  await expect.poll(() => shown(bob)).toEqual([['cut \ufffd', 'sent', false, '']]);
});

test('history is loaded page by page, each message once and in order', async ({ ann, bob }) => {
  await ann.evaluate("client.room('general').open()");
  await ann.evaluate(`Promise.all(Array.from({ length: 120 }, (_, n) => client.room('general').send('m' + n).done))`);
  await bob.evaluate("client.room('general').open()");
  const contents = () => bob.evaluate("client.room('general').messages.get().map((one) => one.content)");
  const from = (first: number) => Array.from({ length: 120 - first }, (_, n) => `m${n + first}`);
  await expect.poll(contents).toEqual(from(70));
  await bob.evaluate("client.room('general').loadOlder()");
  expect(await contents()).toEqual(from(20));
  expect(await bob.evaluate("client.room('general').hasMore.get()")).toBe(true);
  await bob.evaluate("client.room('general').loadOlder()");
  expect(await contents()).toEqual(from(0));
  expect(await bob.evaluate("client.room('general').hasMore.get()")).toBe(false);
});

test('unread messages are counted until they are read', async ({ ann, bob }) => {
  await bob.evaluate("client.room('general').open()");
  await expect.poll(() => bob.evaluate("client.room('general').members.get().length")).toBe(1);
  await bob.evaluate('client.rooms.load()');
  await ann.evaluate("client.room('general').open()");
  await ann.evaluate("Promise.all(['a', 'b'].map((text) => client.room('general').send(text).done))");
  await expect.poll(() => bob.evaluate('client.rooms.unread.get()')).toBe(2);
  expect(await bob.evaluate('client.rooms.list.get()[0].lastMessage.content')).toBe('b');
  await bob.evaluate("client.room('general').markRead()");
  expect(await bob.evaluate('client.rooms.unread.get()')).toBe(0);
  await bob.evaluate('client.rooms.load()');
  await expect.poll(() => bob.evaluate('client.rooms.load().then(() => client.rooms.unread.get())')).toBe(0);
});

test('a direct message needs no room, and is told delivered', async ({ ann, bob }) => {
  const heard = await listen(bob, 'client', 'privateMessage');
  const told = await listen(ann, 'client', 'messageDelivered');
  const sent = await ann.evaluate(`(async () => {
    const { content, seq, senderId } = await client.sendPrivateMessage('bob', 'psst').done;
    return { content, seq, senderId };
  })()`);
  expect(sent).toEqual({ content: 'psst', seq: 1, senderId: 'ann' });
  expect(await heard()).toMatchObject({ senderId: 'ann', content: 'psst' });
  expect(await told()).toMatchObject({ recipientId: 'bob' });
});

test('a refused message is shown as failed, and may be sent again or dropped', async ({ ann, bob }) => {
  await bob.evaluate(`client.request('POST', '/api/v1/rooms', { roomId: 'general', kind: 'private' })`);
  const code = await ann.evaluate(`(async () => {
    globalThis.sending = client.room('general').send('let me in');
    return sending.done.catch((error) => [error.code, error.retryable]);
  })()`);
  expect(code).toEqual(['NOT_A_MEMBER', false]);
  expect(await shown(ann)).toEqual([['let me in', 'failed', false, '']]);

  await bob.evaluate(`client.request('PUT', '/api/v1/rooms/general/members/ann')`);
  expect(await ann.evaluate('sending.retry().then(({ seq }) => seq)')).toBe(1);
  expect(await shown(ann)).toEqual([['let me in', 'sent', false, '']]);

  await ann.evaluate("globalThis.lost = client.sendChatMessage('nowhere', 'hello'); lost.done.catch(() => {})");
  await expect.poll(() => ann.evaluate("client.room('nowhere').messages.get().map((one) => one.state)")).toEqual(['failed']);
  await ann.evaluate('lost.cancel()');
  await expect.poll(() => ann.evaluate("client.room('nowhere').messages.get().length")).toBe(0);
});

test('an unsent message of the last page is shown by the next one, and arrives', async ({ ann, bob, server }) => {
  await ann.evaluate("client.room('general').open()");
  await expect.poll(() => ann.evaluate("client.room('general').members.get().length")).toBe(1);
  await bob.evaluate("client.room('general').open()");
  await server.kill();
  await expect.poll(() => ann.evaluate('client.state')).toBe('reconnecting');
  await ann.evaluate("client.room('general').send('do not lose this') && undefined");
  const kept = [['do not lose this', 'queued', false, '']];
  await expect.poll(() => shown(ann)).toEqual(kept);
  await ann.reload();
  const connecting = signIn(ann, server, 'ann');
  await expect.poll(() => ann.evaluate('globalThis.client && client.queued')).toBe(1);
  expect(await shown(ann)).toEqual(kept);
  await server.start();
  await connecting;
  await expect.poll(() => shown(bob), { timeout: 30_000 }).toEqual([['do not lose this', 'sent', false, '']]);
  await expect.poll(() => ann.evaluate('client.queued')).toBe(0);
});
