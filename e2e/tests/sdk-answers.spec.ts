// What comes by the connection while an answer is on its way is newer than the answer, and stays: in stores alike.

import { Person } from '../support/app.js';
import { notify } from '../support/example.js';
import { hold } from '../support/held.js';
import { expect, listen, signIn, test } from '../support/sdk.js';

test('changes of a room while its history is on its way', async ({ open, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  const [first] = await bob.say('hall', 'helo');
  const messageId = first?.data.messageId;
  const ann = await open();
  await signIn(ann, server, 'ann');
  const history = await hold(ann, '**/api/v1/rooms/hall/messages?*');
  await ann.evaluate("client.room('hall').open()");
  await history.given;
  const heard = await listen(ann, 'client', 'chatMessage');
  await bob.frames([
    { type: 'EDIT_MESSAGE', roomId: 'hall', messageId, content: 'hello' },
    { type: 'REACT', roomId: 'hall', messageId, emoji: '👍' },
    { type: 'CHAT_MESSAGE', roomId: 'hall', content: 'is anybody there?' },
  ]);
  await heard();
  history.release();
  const shown = () =>
    ann.evaluate(
      "client.room('hall').messages.get().map((one) => [one.content, (one.reactions ?? []).map((r) => r.emoji + r.count).join()])",
    );
  await expect.poll(shown).toEqual([['hello', '👍1'], ['is anybody there?', '']]);

  // And what the page shows already is not counted again.
  const again = await open();
  await signIn(again, server, 'ann');
  const later = await hold(again, '**/api/v1/rooms/hall/messages?*');
  await again.evaluate("client.room('hall').open()");
  await later.given;
  const parting = await listen(again, 'client', 'chatMessage');
  await bob.frames([{ type: 'REACT', roomId: 'hall', messageId, emoji: '👍', remove: true }]);
  await bob.say('hall', 'goodbye');
  await parting();
  later.release();
  const reactions = "client.room('hall').messages.get().map((one) => (one.reactions ?? []).length)";
  await expect.poll(() => again.evaluate(reactions)).toEqual([0, 0, 0]);
});

test('a message while the list of rooms is on its way', async ({ open, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  const ann = await open();
  await signIn(ann, server, 'ann');
  const joined = await listen(ann, 'client', 'roomParticipants');
  await ann.evaluate("client.joinRoom('hall')");
  await joined();
  await ann.evaluate('client.rooms.load()');
  const list = await hold(ann, '**/api/v1/rooms?*');
  await ann.evaluate('void (globalThis.loaded = client.rooms.load())');
  await list.given;
  const heard = await listen(ann, 'client', 'chatMessage');
  await bob.say('hall', 'news');
  await heard();
  list.release();
  await ann.evaluate('loaded');
  expect(await ann.evaluate('client.rooms.unread.get()')).toBe(1);
});

test('one that comes while the newest page is on its way is counted, and one that is deleted is gone', async ({ open, server }) => {
  await notify(server, 'ann', 'first', '');
  const ann = await open();
  await signIn(ann, server, 'ann');
  const page = await hold(ann, '**/api/v1/notifications?*');
  await ann.evaluate('client.notifications.connect()');
  await page.given;
  await notify(server, 'ann', 'second', '');
  const titles = () => ann.evaluate('client.notifications.list.get().map((one) => one.title)');
  await expect.poll(titles).toContain('second');
  const person = await Person.signIn(server.url, 'ann');
  const { notifications } = await person.call<{ notifications: { id: string }[] }>('GET', '/api/v1/notifications');
  const told = await listen(ann, 'client.notifications', 'state');
  await person.call('DELETE', `/api/v1/notifications/${notifications.at(-1)?.id}`);
  await told();
  expect(await ann.evaluate('client.notifications.hasMore.get()'), 'no page has come').toBe(true);
  page.release();
  await expect.poll(() => ann.evaluate('client.notifications.hasMore.get()')).toBe(false);
  await expect.poll(titles).toEqual(['second']);
  await expect.poll(() => ann.evaluate('client.notifications.unreadCount.get()')).toBe(1);
  expect(await titles()).toEqual(['second']);
});
