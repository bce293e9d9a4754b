// One person on two devices.
import { App, Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';

/** The page is looked at again. */
const look = (app: App) => app.page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");

test('a room that was made on another device is there when the page is looked at again', async ({ browser, server }) => {
  const laptop = await App.open(browser, server.url, 'ann');
  const phone = await App.open(browser, server.url, 'ann', { phone: true });
  await phone.createRoom('Lab');
  await look(laptop);
  await laptop.row('Lab').click();
  await phone.send('hello from the phone');
  await expect(laptop.message('hello from the phone')).toBeVisible();
  expect([...laptop.errors, ...phone.errors]).toEqual([]);
  await laptop.close();
  await phone.close();
});

test('a room that was left on another device stays left when a device that was away comes back', async ({
  browser,
  server,
  link,
}) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('lab', 'Lab');
  await (await Person.signIn(server.url, 'ann')).join('lab');
  const laptop = await App.open(browser, link.url, 'ann', { hash: '#room/lab' });
  const phone = await App.open(browser, server.url, 'ann', { hash: '#room/lab' });
  await expect(laptop.composer).toBeVisible();
  link.cut();
  await phone.page.getByRole('button', { name: 'Details', exact: true }).click();
  await phone.page.getByRole('button', { name: 'Leave room' }).click();
  await phone.page.getByRole('dialog').getByRole('button', { name: 'Leave room' }).click();
  await expect(phone.row('Lab')).toHaveCount(0);
  // Who looks meanwhile is not told that the list did not come: the banner says why.
  await expect(laptop.banner).toBeVisible({ timeout: 15_000 });
  await look(laptop);
  await laptop.page.evaluate("fetch('/healthz').catch(() => {})");
  await expect(laptop.page.getByText('The list did not come')).toHaveCount(0);
  link.mend();
  await expect(laptop.banner).toBeHidden({ timeout: 20_000 });
  await expect(laptop.row('Lab')).toHaveCount(0);
  await expect(laptop.page.getByText('You are not in this room')).toBeVisible();
  await expect(laptop.page.locator('.td-toast')).toHaveCount(0);
  const { members } = await bob.call<{ members: { userId: string }[] }>('GET', '/api/v1/rooms/lab/members');
  expect(members.map((one) => one.userId)).toEqual(['bob']);
  await laptop.close();
  await phone.close();
});
