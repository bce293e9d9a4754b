// Every view, light and dark, desktop and phone: axe finds nothing, a finger finds everything, and a picture is taken for
// people to look at.
import { App, DESKTOP, PHONE, Person, WITH_SECRET } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';

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
      await bob.composer.pressSequentially('Almost d');
      await expect(ann.page.locator('.td-typing')).toContainText('is typing');
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
