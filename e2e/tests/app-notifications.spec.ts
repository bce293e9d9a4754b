// The bell, its badge and its list.
import { App, Person, WITH_SECRET } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';

test.use({ serverOptions: WITH_SECRET });

test('a notification arrives, is counted, read, and the badge falls on both devices', async ({ browser, server }) => {
  const service = await Person.service(server.url, 'notify');
  await (await Person.signIn(server.url, 'ann')).createRoom('ops', 'Operations');
  const ann = await App.open(browser, server.url, 'ann');
  const phone = await App.open(browser, server.url, 'ann', { phone: true });
  await service.notify('ann', 'Deploy finished', 'Version **42** is out.', { roomId: 'ops' }, 'deploy');
  await service.notify('ann', 'Disk almost full', '91 % used');
  await expect(ann.bell).toHaveAccessibleName('Notifications, 2 unread');
  await expect(phone.bell).toHaveAccessibleName('Notifications, 2 unread');

  await ann.bell.click();
  const list = ann.page.getByRole('dialog', { name: 'Notifications' });
  await expect(list).toBeFocused();
  await expect(list.getByRole('listitem').first()).toContainText('Disk almost full');
  await list.getByRole('listitem').first().hover();
  await list.getByRole('button', { name: 'Mark as read' }).first().click();
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');
  await expect(phone.bell).toHaveAccessibleName('Notifications, 1 unread');

  // What comes while the list is open waits behind a button.
  await service.notify('ann', 'A third one', '');
  await list.getByRole('button', { name: '1 new' }).click();
  await expect(list.getByRole('listitem').first()).toContainText('A third one');

  // The filter survives a reload.
  await list.getByText('Unread', { exact: true }).click();
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await ann.page.reload();
  await ann.bell.click();
  await expect(list.getByRole('listitem')).toHaveCount(2);

  // A row leads where its sender said.
  await list.getByRole('button', { name: /Deploy finished/ }).click();
  await expect(ann.page.getByRole('heading', { level: 1, name: 'Operations' })).toBeVisible();
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');

  await ann.bell.click();
  await list.getByRole('button', { name: 'Mark all read' }).click();
  await expect(ann.bell).toHaveAccessibleName('Notifications');
  await expect(phone.bell).toHaveAccessibleName('Notifications');
  await list.getByText('All', { exact: true }).click();
  await list.getByRole('button', { name: 'Clear all' }).click();
  await expect(list.getByText('Nothing yet')).toBeVisible();
  await ann.page.keyboard.press('Escape');
  await expect(ann.bell).toBeFocused();
  await ann.close();
  await phone.close();
});

// Over HTTP/1.1 a browser has six connections to a server for all its tabs: none may be held.
test('in eight tabs of one browser a notification arrives, and the page goes on asking', async ({ context, server }) => {
  const service = await Person.service(server.url, 'notify');
  const tabs: App[] = [];
  for (let n = 0; n < 8; n += 1) {
    const page = await context.newPage();
    await page.goto(`${server.url}/?as=ann`);
    const app = new App(page);
    await expect(app.bell).toBeVisible({ timeout: 30_000 });
    tabs.push(app);
  }
  await service.notify('ann', 'To all of them', '');
  for (const tab of tabs) {
    await expect(tab.bell).toHaveAccessibleName('Notifications, 1 unread');
  }
  const [first] = tabs;
  await first.bell.click();
  await first.page.getByRole('dialog', { name: 'Notifications' }).getByRole('button', { name: 'Mark all read' }).click();
  for (const tab of tabs) {
    await expect(tab.bell).toHaveAccessibleName('Notifications');
  }
});

test('what came while nobody was there is in the list', async ({ browser, server }) => {
  const service = await Person.service(server.url, 'notify');
  await Person.signIn(server.url, 'ann');
  await service.notify('ann', 'While you were away', 'It was quiet.');
  const ann = await App.open(browser, server.url, 'ann');
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');
  await ann.close();
});

/** A browser's notifications, as the page sees them. */
type Shown = { title: string; body: string; tag: string; click(): void };
type Desk = { asked: number; shown: Shown[]; hide(): void };

/** In the page, before anything of it runs: notifications that the user has not been asked about yet. */
function desk(answer: string): void {
  const desk: Desk = {
    asked: 0,
    shown: [],
    hide: () => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    },
  };
  class Stub {
    static permission: NotificationPermission = 'default';
    static async requestPermission(): Promise<NotificationPermission> {
      desk.asked += 1;
      Stub.permission = answer as NotificationPermission;
      return Stub.permission;
    }
    onclick: (() => void) | null = null;
    constructor(title: string, { body = '', tag = '' }: NotificationOptions) {
      if (Stub.permission !== 'granted') throw new TypeError('nobody has given leave');
      desk.shown.push({ title, body, tag, click: () => this.onclick?.() });
    }
  }
  Object.assign(globalThis, { Notification: Stub, desk });
}

const asked = (app: App) => app.page.evaluate<number>('desk.asked');
const shown = (app: App) => app.page.evaluate<Omit<Shown, 'click'>[]>('desk.shown.map(({ title, body, tag }) => ({ title, body, tag }))');

test('the browser is asked for leave by a click alone; then what comes while nobody looks is shown, and a click opens it', async ({
  browser,
  server,
}) => {
  const service = await Person.service(server.url, 'notify');
  const bob = await Person.signIn(server.url, 'bob', 'Bob');
  await (await Person.signIn(server.url, 'ann')).createRoom('ops', 'Operations');
  const ann = await App.open(browser, server.url, 'ann', { before: (page) => page.addInitScript(desk, 'granted') });
  await expect(ann.row('Operations')).toBeVisible();
  await ann.bell.click();
  const list = ann.page.getByRole('dialog', { name: 'Notifications' });
  await expect(list.getByText('Nothing yet')).toBeVisible();
  expect(await asked(ann), 'neither by the page nor by the list').toBe(0);

  // Without leave nothing is shown, and nothing breaks.
  await ann.page.evaluate('desk.hide()');
  await service.notify('ann', 'Too early', '');
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');
  expect(await shown(ann)).toEqual([]);
  await ann.page.reload();
  await ann.bell.click();
  await list.getByRole('button', { name: 'Notify me on this device' }).click();
  await expect(list.getByRole('button', { name: 'Stop notifying this device' })).toBeVisible();
  expect(await asked(ann)).toBe(1);
  await ann.page.keyboard.press('Escape');

  // Who looks at the page has the page.
  await service.notify('ann', 'Seen', '');
  await expect(ann.bell).toHaveAccessibleName('Notifications, 2 unread');
  expect(await shown(ann)).toEqual([]);

  await ann.page.evaluate('desk.hide()');
  await service.notify('ann', 'Deploy finished', 'Version **42** is out.', { roomId: 'ops' }, 'deploy');
  await expect.poll(() => shown(ann)).toHaveLength(1);
  await bob.write('ann', 'Do you have a *minute*?');
  await bob.write('ann', 'Or two?');
  await expect.poll(() => shown(ann)).toHaveLength(3);
  const [deploy, ...direct] = await shown(ann);
  expect(deploy).toMatchObject({ title: 'Deploy finished', body: 'Version 42 is out.' });
  expect(deploy?.tag, 'its own id').toMatch(/^[0-9a-f-]{36}$/);
  // One for a conversation: by their tag the later one takes the place of the earlier.
  expect(direct).toEqual([
    { title: 'Bob', body: 'Do you have a minute?', tag: '#direct/bob' },
    { title: 'Bob', body: 'Or two?', tag: '#direct/bob' },
  ]);

  await ann.page.evaluate('desk.shown[0].click()');
  await expect(ann.page.getByRole('heading', { level: 1, name: 'Operations' })).toBeVisible();
  await ann.page.evaluate('desk.shown[2].click()');
  await expect(ann.page.getByRole('heading', { level: 1, name: 'Bob' })).toBeVisible();
  await expect(ann.message('Or two?')).toBeVisible();

  // Off again: nothing more.
  await ann.bell.click();
  await list.getByRole('button', { name: 'Stop notifying this device' }).click();
  await service.notify('ann', 'Quiet', '');
  await expect(ann.bell).toHaveAccessibleName('Notifications, 4 unread');
  expect(await shown(ann)).toHaveLength(3);
  await ann.close();
});

test('where the user says no, the list says how things stand, and asks no more', async ({ browser, server }) => {
  const ann = await App.open(browser, server.url, 'ann', { before: (page) => page.addInitScript(desk, 'denied') });
  await ann.bell.click();
  await ann.page.getByRole('button', { name: 'Notify me on this device' }).click();
  await expect(ann.page.getByText('The browser blocks notifications of this page.')).toBeVisible();
  await expect(ann.page.getByRole('button', { name: 'Notify me on this device' })).toHaveCount(0);
  expect(await asked(ann)).toBe(1);
  await ann.close();
});
