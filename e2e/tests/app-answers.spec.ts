// What comes by the connection while an answer is on its way is newer than the answer, and stays.
import { App, Person, WITH_SECRET } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { hold, holdFrames, type Held } from '../support/held.js';
import { keepToasts } from '../support/seen.js';

test.use({ serverOptions: WITH_SECRET });

test('a notification that comes while the list is on its way is in it, and counted once', async ({ browser, server }) => {
  const service = await Person.service(server.url, 'notify');
  const person = await Person.signIn(server.url, 'ann');
  await service.notify('ann', 'Long known', '');
  await person.call('POST', '/api/v1/notifications/read-all');
  let list: Held | undefined;
  const ann = await App.open(browser, server.url, 'ann', {
    before: async (page) => {
      list = await hold(page, '**/api/v1/notifications?*');
    },
  });
  await list?.given;
  await service.notify('ann', 'Deploy finished', '');
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');
  list?.release();
  await ann.bell.click();
  await expect(ann.page.getByRole('dialog').getByRole('listitem')).toHaveText([/Deploy finished/, /Long known/]);
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');
  await ann.close();
});

test('a notification that another device was given while this one was connecting is here too', async ({ browser, server }) => {
  const service = await Person.service(server.url, 'notify');
  const desk = await App.open(browser, server.url, 'ann');
  let resume: Held | undefined;
  const phone = await App.open(browser, server.url, 'ann', {
    phone: true,
    before: async (page) => {
      resume = await holdFrames(page, 'RESUME');
    },
  });
  await resume?.given;
  await service.notify('ann', 'Deploy finished', '');
  await expect(desk.bell).toHaveAccessibleName('Notifications, 1 unread');
  resume?.release();
  await expect(phone.bell).toHaveAccessibleName('Notifications, 1 unread');
  await desk.close();
  await phone.close();
});

test('what is changed and said while history is on its way is shown', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  await (await Person.signIn(server.url, 'ann')).join('hall');
  const [first] = await bob.say('hall', 'helo');
  const messageId = first?.data.messageId;
  const ann = await App.open(browser, server.url, 'ann');
  await expect(ann.row('Hall')).toContainText('helo');
  const history = await hold(ann.page, '**/api/v1/rooms/hall/messages?*');
  await ann.row('Hall').click();
  await history.given;
  await bob.frames([
    { type: 'EDIT_MESSAGE', roomId: 'hall', messageId, content: 'hello' },
    { type: 'REACT', roomId: 'hall', messageId, emoji: '👍' },
    { type: 'CHAT_MESSAGE', roomId: 'hall', content: 'is anybody there?' },
  ]);
  await expect(ann.row('Hall')).toContainText('is anybody there?');
  history.release();
  await expect(ann.messages).toHaveCount(2);
  await expect(ann.messages.first()).toContainText('hello');
  await expect(ann.messages.first().getByRole('button', { name: /👍.*1/ })).toBeVisible();
  await ann.close();
});

test('who comes into a room sees who is there and what is said, however late the list of rooms is', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  const there = await App.open(browser, server.url, 'bob', { hash: '#room/hall' });
  await expect(there.page.getByRole('heading', { level: 1, name: 'Hall' })).toBeVisible();
  const ann = await App.open(browser, server.url, 'ann');
  await ann.page.getByRole('button', { name: 'Browse rooms' }).first().click();
  const dialog = ann.page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: /Hall/ })).toBeVisible();
  const rooms = await hold(ann.page, '**/api/v1/rooms?scope=mine*');
  await dialog.getByRole('button', { name: /Hall/ }).click();
  await rooms.given;
  await there.send('welcome');
  await expect(there.message('welcome').locator('.td-tick')).not.toHaveAttribute('data-tick', 'sending');
  rooms.release();
  await expect(ann.message('welcome')).toBeVisible();
  await expect(ann.page.locator('.td-room-sub')).toHaveText('2 members · 2 here');
  await expect(ann.row('Hall')).toContainText('welcome');
  await ann.close();
  await there.close();
});

test('a change that is refused does not bring back what was deleted meanwhile', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  await (await Person.signIn(server.url, 'ann')).join('hall');
  const [first] = await bob.say('hall', 'a slip');
  let reaction: Held | undefined;
  const ann = await App.open(browser, server.url, 'ann', {
    hash: '#room/hall',
    before: async (page) => {
      reaction = await holdFrames(page, 'REACT');
      await keepToasts(page);
    },
  });
  await ann.message('a slip').hover();
  await ann.message('a slip').getByRole('button', { name: 'React' }).click();
  await ann.message('a slip').getByRole('button', { name: 'Heart' }).click();
  await expect(ann.message('a slip').getByRole('button', { name: /❤️, 1, yours/ })).toBeVisible();
  await bob.frames([{ type: 'DELETE_MESSAGE', roomId: 'hall', messageId: first?.data.messageId }]);
  await expect(ann.message('Message deleted')).toBeVisible();
  await reaction?.given;
  reaction?.release();
  await expect(ann.page.locator('.td-toast')).toBeVisible();
  await expect(ann.message('Message deleted')).toHaveCount(1);
  await expect(ann.message('a slip')).toHaveCount(0);
  await ann.close();
});

test('a direct message that comes between the reading of a conversation and the first connection is shown', async ({
  browser,
  server,
}) => {
  const bob = await Person.signIn(server.url, 'bob');
  await Person.signIn(server.url, 'ann');
  await bob.write('ann', 'first');
  const connecting: (() => void)[] = [];
  const ann = await App.open(browser, server.url, 'ann', {
    hash: '#direct/bob',
    before: (page) =>
      page.routeWebSocket(/\/ws\/chat/, async (socket) => {
        await new Promise<void>((resolve) => connecting.push(resolve));
        socket.connectToServer();
      }),
  });
  await expect(ann.message('first')).toBeVisible();
  await expect.poll(() => connecting.length).toBe(1);
  await bob.write('ann', 'second');
  const rest = await hold(ann.page, '**/api/v1/direct/bob/messages?*after=*');
  connecting.forEach((connect) => connect());
  await rest.given;
  await bob.write('ann', 'third');
  await expect(ann.message('third')).toBeVisible();
  rest.release();
  await expect(ann.messages).toHaveText([/first/, /second/, /third/]);
  await ann.close();
});

test('what the server cannot answer for now is asked for again without being told to', async ({ browser, server }) => {
  const service = await Person.service(server.url, 'notify');
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  await (await Person.signIn(server.url, 'ann')).join('hall');
  await bob.say('hall', 'there you are');
  await service.notify('ann', 'Deploy finished', '');
  const busy = {
    status: 503,
    contentType: 'application/problem+json',
    body: JSON.stringify({ type: 'about:blank', title: 'Busy', status: 503, code: 'UNAVAILABLE', retryAfterMs: 100 }),
  };
  const ann = await App.open(browser, server.url, 'ann', {
    hash: '#room/hall',
    before: async (page) => {
      for (const address of ['**/api/v1/rooms?scope=mine*', '**/hall/messages?*', '**/api/v1/notifications?*']) {
        await page.route(address, (route) => route.fulfill(busy), { times: 1 });
      }
    },
  });
  await expect(ann.message('there you are')).toBeVisible();
  await expect(ann.row('Hall')).toBeVisible();
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');
  await expect(ann.page.locator('.td-retry')).toHaveCount(0);
  await ann.close();
});

test('who signs out leaves no draft behind', async ({ browser, server }) => {
  await (await Person.signIn(server.url, 'ann')).createRoom('hall', 'Hall');
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/hall' });
  await ann.composer.fill('for nobody else to read');
  const drafts = () => ann.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('draft')).length);
  await expect.poll(drafts).toBe(1);
  await ann.page.getByRole('button', { name: /your menu/ }).click();
  await ann.page.getByRole('button', { name: 'Sign out' }).click();
  await ann.page.getByRole('dialog', { name: 'Sign out?' }).getByRole('button', { name: 'Sign out' }).click();
  await expect(ann.page.getByRole('textbox')).toBeVisible();
  expect(await drafts()).toBe(0);
  await ann.close();
});

test('a page of public rooms that is asked for twice is shown once', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.frames(Array.from({ length: 120 }, (_, at) => ({ type: 'JOIN_ROOM', roomId: `r${100 + at}` })));
  const ann = await App.open(browser, server.url, 'ann');
  await ann.page.getByRole('button', { name: 'Browse rooms' }).first().click();
  const rows = ann.page.locator('.td-dialog-row');
  await expect(rows).toHaveCount(100);
  const page = await hold(ann.page, '**/api/v1/rooms?scope=public*');
  const more = ann.page.getByRole('dialog').getByRole('button', { name: 'Show more' });
  await more.click();
  await page.given;
  await more.click();
  await expect(rows).toHaveCount(120);
  const late = ann.page.waitForEvent('requestfinished', (request) => request.url().includes('scope=public'));
  page.release();
  await late;
  // What is answered later is shown later.
  await ann.page.evaluate("fetch('/healthz')");
  expect(await rows.count()).toBe(120);
  await ann.close();
});
