// Every view, light and dark, desktop and phone: axe finds nothing, a finger finds everything, and a picture is taken for
// people to look at.
import { App, DESKTOP, PHONE, Person, WITH_SECRET } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { keepToasts, noteTexts } from '../support/seen.js';

test.use({ serverOptions: [...WITH_SECRET, '--max-frames-per-second', '10000', '--frame-burst', '10000'] });

async function fill(url: string): Promise<void> {
  const people = ['ann', 'bob', 'cleo', 'dmitri', 'eve'];
  const names = ['Ann Lindqvist', 'Bob Okafor', 'Cleo Marchetti', 'Dmitri Volkov', 'Eve Tanaka'];
  const [ann, bob, cleo, dmitri, eve] = (await Promise.all(
    people.map((id, at) => Person.signIn(url, id, names[at])),
  )) as [Person, Person, Person, Person, Person];
  await ann.createRoom('design', 'Design');
  await ann.createRoom('launch', 'Launch week', 'private', ['bob', 'cleo', 'dmitri']);
  await bob.createRoom('engineering', 'Engineering');
  await cleo.createRoom('lunch', 'Lunch');
  for (const one of [bob, cleo, dmitri, eve]) await one.join('design');
  for (const one of [ann, cleo]) await one.join('engineering');
  await ann.join('lunch');
  await cleo.say('lunch', 'Noodles at noon?');
  await bob.say('engineering', 'The replay test is green on all three nodes.');
  await bob.say('launch', 'Checklist is in the wiki.');
  await cleo.say('design', 'Morning! I moved the **spacing tokens** to one file.', 'Now every gap on the page is one of thirteen steps.');
  const [last] = await bob.say('design', 'Lovely. Does that include the composer?');
  await ann.say('design', 'It does. The composer, the pills and the dialogs.', 'Dark mode needed two new greys, the rest fell into place.');
  await dmitri.say('design', 'Here is how I read them in the test:\n\n```rust\nlet tokens = parse(include_str!("tokens.css"));\nassert!(contrast(text, canvas) >= 4.5);\n```');
  await eve.frames([
    { type: 'CHAT_MESSAGE', roomId: 'design', content: 'Yes, with 8 px inside. See https://example.org/spacing', replyTo: last?.data.messageId },
  ]);
  const [party] = await cleo.say('design', 'Then we are ready for Thursday 🎉');
  for (const one of [ann, bob, eve]) {
    await one.frames([{ type: 'REACT', roomId: 'design', messageId: party?.data.messageId, emoji: '🎉' }]);
  }
  await bob.frames([{ type: 'REACT', roomId: 'design', messageId: party?.data.messageId, emoji: '👀' }]);
  await bob.write('ann', 'Do you have a minute before the review?');
  await ann.write('eve', 'Thanks for the figures!');
  await ann.frames([{ type: 'READ', roomId: 'design', seq: 40 }]);
  await bob.frames([{ type: 'READ', roomId: 'design', seq: 40 }]);
  const service = await Person.service(url, 'notify');
  await service.notify('ann', 'Build 218 passed', 'All 1,204 tests in 3 min 12 s.', {}, 'build');
  await service.notify('ann', 'Cleo mentioned you', 'in Design: “@ann can you look at the greys?”', { roomId: 'design' }, 'mention');
  await service.notify('ann', 'Backup finished', 'Nightly backup, 2.1 GB.', {}, 'backup');
}

for (const dark of [false, true]) {
  for (const phone of [false, true]) {
    const name = `${phone ? 'phone' : 'desktop'}-${dark ? 'dark' : 'light'}`;
    const look = async (app: App, view: string) => {
      await app.screenshot(`${name}-${view}`);
      await app.expectAccessible(`${name}: ${view}`);
      if (phone) await app.expectTouchable(`${name}: ${view}`);
    };

    test(`every view on ${name}`, async ({ browser, server }) => {
      test.slow();
      await fill(server.url);
      const bob = await App.open(browser, server.url, 'bob', { hash: '#room/design' });
      await expect(bob.composer).toBeVisible();

      const out = await browser.newContext({ viewport: phone ? PHONE : DESKTOP, hasTouch: phone, colorScheme: dark ? 'dark' : 'light' });
      const signIn = new App(await out.newPage());
      await signIn.page.goto(server.url);
      await expect(signIn.page.getByRole('heading', { name: 'Welcome to Tidings' })).toBeVisible();
      await look(signIn, 'sign-in');
      await out.close();

      const ann = await App.open(browser, server.url, 'ann', { dark, phone });
      await expect(ann.row('Design')).toBeVisible();
      await expect(ann.bell).toHaveAccessibleName('Notifications, 3 unread');
      await look(ann, 'list');

      await ann.bell.click();
      await expect(ann.page.getByRole('dialog').getByRole('listitem')).toHaveCount(3);
      await look(ann, 'notifications');
      await ann.page.keyboard.press('Escape');

      await ann.page.getByRole('button', { name: /your menu/ }).click();
      await look(ann, 'menu');
      await ann.page.keyboard.press('Escape');

      for (const [button, view] of [
        ['New room', 'new-room'],
        ['Browse rooms', 'browse'],
        ['New message', 'new-message'],
      ] as const) {
        await ann.page.getByRole('button', { name: button }).first().click();
        await expect(ann.page.getByRole('dialog')).toBeVisible();
        if (view !== 'new-room') await expect(ann.page.getByRole('dialog').getByRole('listitem').first()).toBeVisible();
        await look(ann, view);
        await ann.page.keyboard.press('Escape');
        await expect(ann.page.getByRole('dialog')).toHaveCount(0);
      }

      await ann.row('Design').click();
      await expect(ann.message('ready for Thursday')).toBeVisible();
      const typing = await noteTexts(ann.page, '.td-typing');
      await bob.composer.pressSequentially('Almost d');
      await expect.poll(typing).toContainEqual(expect.stringContaining('is typing'));
      await look(ann, 'room');
      await ann.message('fell into place').click();
      await expect(ann.page.getByRole('group', { name: 'Message actions' })).toBeVisible();
      await ann.page.getByRole('button', { name: 'Reply' }).click();
      await look(ann, 'reply');
      await ann.composer.press('Escape');
      await ann.page.getByRole('button', { name: 'Details', exact: true }).click();
      await expect(ann.page.locator('.td-person')).toHaveCount(5);
      await look(ann, 'details');
      await ann.page.getByRole('button', { name: 'Close details' }).click();

      await server.kill();
      await ann.send('This waits until the server is back.');
      await expect(ann.banner).toBeVisible({ timeout: 15_000 });
      await look(ann, 'offline');
      await server.start();
      await expect(ann.banner).toHaveCount(0, { timeout: 40_000 });
      await ann.close();
      await bob.close();
    });

    test(`every state on ${name}`, async ({ browser, server, link }) => {
      test.setTimeout(240_000);
      const owner = await Person.signIn(server.url, 'owner', 'Olga Owner');
      const me = await Person.signIn(server.url, 'ann', 'Ann Lindqvist');
      await owner.createRoom('club', 'Club', 'private', ['ann']);
      await owner.createRoom('vault', 'Vault', 'private');
      await owner.createRoom('door', 'Door');
      await owner.createRoom('long', 'Long');
      await me.join('long');
      await me.say('long', 'read already');
      await owner.say('long', ...Array.from({ length: 90 }, (_, n) => `unread ${n}`));
      await owner.say('club', 'Welcome to the club.');
      const [mine] = await me.say('club', 'Glad to be here.');
      await owner.frames([{ type: 'REACT', roomId: 'club', messageId: mine?.data.messageId, emoji: '🎉' }]);
      await me.createRoom('empty', 'Empty');
      const service = await Person.service(server.url, 'notify');
      const failing: RegExp[] = [];
      let letToastsGo = async () => {};
      const ann = await App.open(browser, link.url, 'ann', {
        dark,
        phone,
        before: async (page) => {
          letToastsGo = await keepToasts(page);
          await page.route(/\/api\//, (route) => (failing.some((one) => one.test(route.request().url())) ? route.abort() : route.continue()));
        },
      });
      const { page } = ann;
      const go = async (hash: string) => {
        await page.evaluate((hash) => (location.hash = hash), hash);
      };
      if (phone) expect(await page.evaluate(() => matchMedia('(pointer: coarse)').matches)).toBe(true);

      await go('#room/empty');
      await expect(page.getByText('This is the beginning of Empty')).toBeVisible();
      await look(ann, 'empty-room');
      await go('#direct/owner');
      await expect(page.getByText('Say hello to')).toBeVisible();
      await look(ann, 'empty-conversation');

      await go('#room/vault');
      await expect(page.getByText('You are not in this room')).toBeVisible();
      await look(ann, 'not-a-member');
      // Nobody is let in any more while it is looked at.
      await go('#room/door');
      const join = page.getByRole('button', { name: 'Join door' });
      await expect(join).toBeVisible();
      await owner.call('PATCH', '/api/v1/rooms/door', { kind: 'private' });
      await join.click();
      await expect(page.getByRole('alert').getByText('That did not work')).toBeVisible();
      await service.notify('ann', 'Build 218 passed', 'All 1,204 tests in 3 min 12 s.');
      await expect(page.getByRole('status').getByText('Build 218 passed')).toBeVisible();
      await look(ann, 'toasts');
      await letToastsGo();
      await expect(page.locator('.td-toast')).toHaveCount(0);

      await go('#room/long');
      await expect(page.getByRole('button', { name: '90 unread' })).toBeVisible();
      await look(ann, 'unread-pill');
      await page.locator('.td-scroll').evaluate((outer) => outer.scrollTo(0, 600));
      await expect(page.getByRole('button', { name: 'Jump to latest' })).toBeVisible();
      await look(ann, 'latest-pill');

      await go('#room/club');
      const own = ann.message('Glad to be here.');
      await own.click();
      const actions = page.getByRole('group', { name: 'Message actions' });
      await actions.getByRole('button', { name: 'React' }).click();
      await expect(page.getByRole('button', { name: 'Party' })).toBeVisible();
      await look(ann, 'react');
      await actions.getByRole('button', { name: 'React' }).click();
      await actions.getByRole('button', { name: 'Edit' }).click();
      await expect(page.getByText('Editing your message')).toBeVisible();
      await look(ann, 'edit');
      await ann.composer.press('Escape');
      await own.click();
      await actions.getByRole('button', { name: 'Delete' }).click();
      await expect(page.getByRole('dialog', { name: 'Delete this message?' })).toBeVisible();
      await look(ann, 'confirm');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+/');
      await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
      await look(ann, 'shortcuts');
      await page.keyboard.press('Escape');

      // What did not come: the list of rooms, the newest and older notifications, older messages.
      await go('#room/long');
      await expect(ann.message('unread 89')).toBeVisible();
      failing.push(/rooms\?scope=mine/, /notifications\?/, /messages\?.*before=/);
      await server.kill();
      await server.start();
      await page.locator('.td-scroll').evaluate((outer) => outer.scrollTo(0, 100));
      await expect(page.locator('.td-timeline > .td-retry')).toBeVisible({ timeout: 30_000 });
      await expect(ann.banner).toHaveCount(0, { timeout: 30_000 });
      await look(ann, 'error-older');
      if (phone) await go('');
      await expect(page.locator('.td-sidebar .td-retry')).toBeVisible({ timeout: 30_000 });
      await look(ann, 'error-list');
      await ann.bell.click();
      await expect(page.locator('.td-notes .td-retry')).toBeVisible();
      await look(ann, 'error-notifications');
      await page.keyboard.press('Escape');
      failing.splice(0);
      await page.locator('.td-sidebar').getByRole('button', { name: 'Retry' }).click();
      await expect(page.locator('.td-sidebar .td-retry')).toHaveCount(0);
      failing.push(/rooms\/empty\/messages/);
      await page.reload();
      await go('#room/empty');
      await expect(page.getByText('The messages did not come')).toBeVisible();
      await look(ann, 'error-room');
      failing.splice(0);

      await go('#room/club');
      await expect(ann.message('Glad to be here.')).toBeVisible();
      link.cut();
      await ann.send('This will be refused.');
      await owner.call('DELETE', '/api/v1/rooms/club/members/ann');
      link.mend();
      await expect(ann.message('This will be refused.').getByRole('button', { name: 'Retry' })).toBeVisible({ timeout: 40_000 });
      await expect(ann.banner).toHaveCount(0, { timeout: 40_000 });
      await look(ann, 'refused');
      await ann.close();
    });
  }
}

test('a chosen theme is there before the first paint, and stays', async ({ browser, server }) => {
  const ann = await App.open(browser, server.url, 'ann');
  await ann.page.getByRole('button', { name: /your menu/ }).click();
  await ann.page.getByText('Dark', { exact: true }).click();
  const ground = () => ann.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  expect(await ground()).toBe('rgb(20, 22, 27)');
  await ann.page.reload({ waitUntil: 'commit' });
  await expect.poll(ground).toBe('rgb(20, 22, 27)');
  await ann.close();
});

test('a dialog that takes the place of one that is being closed stays', async ({ browser, server }) => {
  const ann = await App.open(browser, server.url, 'ann');
  const shortcuts = ann.page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await ann.page.getByRole('button', { name: 'New room' }).first().click();
  await expect(ann.page.getByRole('dialog', { name: 'New room' })).toBeVisible();
  // As Escape and the shortcut do, one right behind the other: the event of the first comes after the second.
  await ann.page.evaluate(async () => {
    document.querySelector('dialog')?.close();
    dispatchEvent(new KeyboardEvent('keydown', { key: '/', ctrlKey: true }));
    await new Promise((done) => setTimeout(done, 200));
  });
  await expect(shortcuts).toBeVisible();
  await ann.page.keyboard.press('Escape');
  await expect(shortcuts).toHaveCount(0);
  await ann.close();
});

test('the keyboard reaches everything: list, messages, actions, field', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('keys', 'Keys');
  await (await Person.signIn(server.url, 'ann')).join('keys');
  await bob.say('keys', 'one', 'two', 'three');
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/keys' });
  await expect(ann.message('three')).toBeVisible();
  await ann.composer.focus();
  await ann.page.keyboard.press('Shift+Tab');
  await expect(ann.message('three')).toBeFocused();
  await ann.page.keyboard.press('ArrowUp');
  await expect(ann.message('two')).toBeFocused();
  await ann.page.keyboard.press('Home');
  await expect(ann.message('one')).toBeFocused();
  await ann.page.keyboard.press('Enter');
  await expect(ann.page.getByRole('button', { name: 'React' })).toBeFocused();
  await ann.page.keyboard.press('Escape');
  await expect(ann.message('one')).toBeFocused();
  await ann.page.keyboard.press('Escape');
  await expect(ann.composer).toBeFocused();
  // A message that arrives takes no focus, and is announced.
  await bob.say('keys', 'knock knock');
  await expect(ann.page.locator('[aria-live="polite"]', { hasText: 'knock knock' })).toBeAttached();
  await expect(ann.composer).toBeFocused();
  await ann.close();
});
