// Lost connections, lost servers: nothing is lost and nothing comes twice.
import { App, Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { Sockets } from '../support/sockets.js';

async function room(url: string): Promise<void> {
  const ann = await Person.signIn(url, 'ann');
  await ann.createRoom('general', 'General');
  await (await Person.signIn(url, 'bob')).join('general');
}

/** How far an own message has come. */
const tick = (app: App, text: string) => app.message(text).locator('.td-tick');

test('offline and back: the banner counts down, messages wait, and all arrive once', async ({ browser, server, link }) => {
  await room(server.url);
  const ann = await App.open(browser, link.url, 'ann', { hash: '#room/general' });
  const bob = await App.open(browser, server.url, 'bob', { hash: '#room/general' });
  await ann.send('before');
  await expect(bob.message('before')).toBeVisible();

  link.cut();
  await ann.send('first in the dark');
  await ann.send('second in the dark');
  await expect(ann.message('first in the dark').getByText('Sending')).toBeAttached();
  await bob.send('meanwhile');
  await expect(tick(bob, 'meanwhile')).not.toHaveAttribute('data-tick', 'sending');
  await expect(ann.banner).toBeVisible({ timeout: 15_000 });
  await expect(ann.banner).toContainText(/Reconnecting in \d+ s|Connecting…/);

  link.mend();
  // In one step: by its own attempt the banner may be gone before a click.
  await ann.banner.getByRole('button', { name: 'Retry now' }).evaluateAll((found: HTMLElement[]) => found[0]?.click());
  await expect(ann.banner).toHaveCount(0, { timeout: 30_000 });
  await expect(ann.message('meanwhile')).toHaveCount(1);
  await expect(bob.message('first in the dark')).toHaveCount(1);
  await expect(bob.message('second in the dark')).toHaveCount(1);
  const texts = await bob.messages.locator('.td-body').allTextContents();
  expect(texts).toEqual(['before', 'meanwhile', 'first in the dark', 'second in the dark']);
  await ann.close();
  await bob.close();
});

test('without a network the banner says so, what is written waits, and is there once when the network is back', async ({
  browser,
  server,
  link,
}) => {
  await room(server.url);
  const ann = await App.open(browser, link.url, 'ann', { hash: '#room/general' });
  await expect(ann.page.locator('.td-room-sub')).toContainText('1 here');
  const network = ann.page.context();
  await network.setOffline(true);
  link.cut();
  await expect(ann.banner).toContainText("You're offline");
  await ann.send('from the tunnel');
  await expect(ann.message('from the tunnel').locator('.td-tick')).toHaveAttribute('data-tick', 'sending');
  // In the page, so that what this test is slow at does not count: from the browser's word to the banner's end.
  await ann.page.evaluate(() => {
    addEventListener('online', () => {
      const back = performance.now();
      new MutationObserver((_, watch) => {
        if (document.querySelector('.td-banner')) return;
        watch.disconnect();
        document.body.dataset.hiddenAfter = String(performance.now() - back);
      }).observe(document.body, { childList: true, subtree: true });
    });
  });
  link.mend();
  await network.setOffline(false);
  await expect(ann.banner).toHaveCount(0);
  const hiddenAfter = Number(await ann.page.evaluate(() => document.body.dataset.hiddenAfter));
  console.log(`banner gone ${Math.round(hiddenAfter)} ms after the network was back`);
  expect(hiddenAfter).toBeLessThan(1_000);
  await expect(ann.message('from the tunnel').locator('.td-tick')).toHaveAttribute('data-tick', 'sent');
  await expect(ann.message('from the tunnel')).toHaveCount(1);
  const reader = await Person.signIn(server.url, 'bob');
  const page = await reader.call<{ messages: { content: string }[] }>('GET', '/api/v1/rooms/general/messages');
  expect(page.messages.map((message) => message.content)).toEqual(['from the tunnel']);
  await ann.close();
});

test('where the browser keeps nothing, the page says what would be lost with it, while there is such a thing', async ({
  browser,
  server,
  link,
}) => {
  await room(server.url);
  const note = (app: App) => app.page.getByText('This browser keeps nothing for this page.');
  const forbid = () => {
    Object.defineProperty(globalThis, 'indexedDB', {
      get() {
        throw new DOMException('', 'SecurityError');
      },
    });
  };
  const ann = await App.open(browser, link.url, 'ann', { hash: '#room/general', before: (page) => page.addInitScript(forbid) });
  const bob = await App.open(browser, link.url, 'bob', { hash: '#room/general' });
  await ann.send('sent at once');
  await expect(bob.message('sent at once')).toBeVisible();
  await expect(tick(ann, 'sent at once')).not.toHaveAttribute('data-tick', 'sending');
  await expect(note(ann)).toHaveCount(0);
  link.cut();
  await expect(ann.banner).toBeVisible({ timeout: 15_000 });
  await expect(note(ann), 'nothing waits').toHaveCount(0);
  await ann.send('this would be lost');
  await bob.send('this is kept');
  await expect(note(ann)).toBeVisible();
  await ann.expectAccessible('what would be lost');
  await ann.screenshot('desktop-light-at-risk');
  await expect(bob.banner).toBeVisible({ timeout: 15_000 });
  await expect(note(bob)).toHaveCount(0);
  link.mend();
  await expect(bob.message('this would be lost')).toBeVisible({ timeout: 40_000 });
  await expect(note(ann)).toHaveCount(0);
  await ann.close();
  await bob.close();
});

test('the server is killed while both write: nothing is lost, nothing comes twice', async ({ browser, server }) => {
  await room(server.url);
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/general' });
  const bob = await App.open(browser, server.url, 'bob', { hash: '#room/general' });
  await expect(ann.page.locator('.td-room-sub')).toContainText('2 here');
  const sent: string[] = [];
  const say = async (app: App, text: string) => {
    sent.push(text);
    await app.send(text);
  };
  for (let n = 0; n < 5; n += 1) {
    await say(ann, `ann ${n}`);
    await say(bob, `bob ${n}`);
  }
  await ann.composer.fill('half a sen');
  await server.kill();
  for (let n = 5; n < 10; n += 1) {
    await say(bob, `bob ${n}`);
  }
  await ann.composer.pressSequentially('tence');
  sent.push('half a sentence');
  await ann.composer.press('Enter');
  await server.start();

  for (const app of [ann, bob]) {
    await expect(app.messages).toHaveCount(sent.length, { timeout: 40_000 });
    await expect(app.page.locator('.td-tick[data-tick="sending"]')).toHaveCount(0);
    const shown = await app.messages.locator('.td-body').allTextContents();
    expect([...shown].sort()).toEqual([...sent].sort());
  }
  // Both see one order, and so does the log.
  const orders = await Promise.all([ann, bob].map((app) => app.messages.locator('.td-body').allTextContents()));
  expect(orders[0]).toEqual(orders[1]);
  const reader = await Person.signIn(server.url, 'ann');
  const page = await reader.call<{ messages: { content: string }[] }>('GET', '/api/v1/rooms/general/messages?limit=200');
  expect(page.messages.map((message) => message.content)).toEqual(orders[0]);
  await ann.close();
  await bob.close();
});

test('what could not be sent is there after a reload, and goes out once', async ({ browser, server }) => {
  await room(server.url);
  let blocked = true;
  const ann = await App.open(browser, server.url, 'ann', {
    hash: '#room/general',
    before: async (page) => {
      await page.routeWebSocket(/\/ws\/chat/, (socket) => {
        if (blocked) void socket.close();
        else socket.connectToServer();
      });
      await page.route(/\/api\/v1\/realtime\//, (route) => (blocked ? route.abort() : route.continue()));
    },
  });
  await ann.send('one');
  await ann.send('two');
  await expect.poll(() => ann.page.evaluate(rowsKept)).toBe(2);
  await ann.page.reload();
  await expect(ann.messages.locator('.td-body')).toHaveText(['one', 'two']);
  await expect(ann.page.locator('.td-tick[data-tick="sending"]')).toHaveCount(2);
  blocked = false;
  await ann.page.reload();
  await expect(ann.page.locator('.td-tick[data-tick="sent"]')).toBeVisible({ timeout: 30_000 });
  await expect(ann.messages.locator('.td-body')).toHaveText(['one', 'two']);
  const reader = await Person.signIn(server.url, 'bob');
  const page = await reader.call<{ messages: { content: string }[] }>('GET', '/api/v1/rooms/general/messages');
  expect(page.messages.map((message) => message.content)).toEqual(['one', 'two']);
  await ann.close();
});

test('a message that the server refuses stays, says so, and can be dropped', async ({ browser, server, link }) => {
  const owner = await Person.signIn(server.url, 'owner');
  await owner.createRoom('club', 'Club', 'private', ['ann']);
  const ann = await App.open(browser, link.url, 'ann', { hash: '#room/club' });
  await expect(ann.composer).toBeVisible();
  link.cut();
  await ann.send('too late');
  await owner.call('DELETE', '/api/v1/rooms/club/members/ann');
  link.mend();
  const message = ann.message('too late');
  await expect(message.getByText(/Not sent: You are not a member of this room/)).toBeVisible({ timeout: 30_000 });
  await expect(ann.row('Club').locator('.td-badge')).toContainText('!');
  await message.getByRole('button', { name: 'Delete' }).click();
  await expect(message).toHaveCount(0);
  await expect(ann.row('Club').locator('.td-badge')).toHaveCount(0);
  await ann.close();
});

test('a message that the server refused is sent again by its button, under its own id', async ({ browser, server, link }) => {
  const owner = await Person.signIn(server.url, 'owner');
  await owner.createRoom('club', 'Club', 'private', ['ann']);
  const sockets: Sockets[] = [];
  const ann = await App.open(browser, link.url, 'ann', {
    hash: '#room/club',
    before: async (page) => void sockets.push(Sockets.of(page)),
  });
  await expect(ann.composer).toBeVisible();
  link.cut();
  // What is written to a socket before its end is known counts as sent, too.
  await expect(ann.banner).toBeVisible({ timeout: 15_000 });
  await ann.send('second time lucky');
  await owner.call('DELETE', '/api/v1/rooms/club/members/ann');
  link.mend();
  const message = ann.message('second time lucky');
  await expect(message.getByText(/Not sent/)).toBeVisible({ timeout: 30_000 });
  await owner.call('PUT', '/api/v1/rooms/club/members/ann');
  await message.getByRole('button', { name: 'Retry' }).click();
  await expect(message.locator('.td-tick')).toHaveAttribute('data-tick', /sent|delivered|read/);
  await expect(message.getByText(/Not sent/)).toHaveCount(0);
  await expect(ann.row('Club').locator('.td-badge')).toHaveCount(0);
  await expect(message).toHaveCount(1);
  const page = await owner.call<{ messages: { content: string }[] }>('GET', '/api/v1/rooms/club/messages');
  expect(page.messages.map((one) => one.content)).toEqual(['second time lucky']);
  expect([...(sockets[0]?.sends.values() ?? [])], 'one id, refused once and taken once').toEqual([2]);
  await ann.close();
});

test('who is put out of a room sees it at once', async ({ browser, server }) => {
  const owner = await Person.signIn(server.url, 'owner');
  await owner.createRoom('club', 'Club', 'private', ['ann']);
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/club' });
  await expect(ann.composer).toBeVisible();
  await owner.call('DELETE', '/api/v1/rooms/club/members/ann');
  await expect(ann.page.getByText('You are not in this room')).toBeVisible();
  await expect(ann.row('Club')).toHaveCount(0);
  await ann.close();
});

/** In the page: how many messages would outlive it. */
function rowsKept(): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('tidings');
    // Where the app has none yet, there is to be none of this function's making.
    opening.onupgradeneeded = () => opening.transaction?.abort();
    opening.onerror = () => (opening.error?.name === 'AbortError' ? resolve(0) : reject(opening.error));
    opening.onsuccess = () => {
      const counting = opening.result.transaction('outbox').objectStore('outbox').count();
      counting.onsuccess = () => resolve(counting.result);
      counting.onerror = () => reject(counting.error);
      opening.result.close();
    };
  });
}
