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

test('the browser is asked for leave only by a click', async ({ browser, server }) => {
  const ann = await App.open(browser, server.url, 'ann');
  await ann.page.evaluate(() => {
    const asked = window as unknown as { asked: number };
    asked.asked = 0;
    Notification.requestPermission = async () => {
      asked.asked += 1;
      return 'denied';
    };
  });
  await ann.bell.click();
  const asked = () => ann.page.evaluate(() => (window as unknown as { asked: number }).asked);
  expect(await asked()).toBe(0);
  const turnOn = ann.page.getByRole('button', { name: 'Notify me on this device' });
  if (await turnOn.isVisible()) {
    await turnOn.click();
    expect(await asked()).toBe(1);
  } else {
    await expect(ann.page.getByText('The browser blocks notifications of this page.')).toBeVisible();
  }
  await ann.close();
});
