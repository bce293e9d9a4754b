// Three tabs of the app in one browser, on one connection, while that is cut and its tab goes.
import { App, Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { Sockets } from '../support/sockets.js';

test('three tabs, cut again and again: each shows what the server has, once and in order', async ({ context, server, link }) => {
  const reader = await Person.signIn(server.url, 'bob');
  await reader.createRoom('general', 'General');
  const sockets = new Sockets(context);
  const apps: App[] = [];
  for (let n = 0; n < 3; n += 1) {
    const page = await context.newPage();
    await page.goto(`${link.url}/?as=ann#room/general`);
    const app = new App(page);
    if (n === 0) await page.getByRole('button', { name: 'Join general' }).click();
    await expect(app.composer).toBeVisible({ timeout: 30_000 });
    await expect(page.locator('.td-room-sub')).toContainText('here');
    apps.push(app);
  }
  expect(sockets.holders).toHaveLength(1);

  const sent: string[] = [];
  const say = async (app: App, text: string) => {
    sent.push(text);
    await app.send(text);
  };
  for (let round = 0; round < 3; round += 1) {
    link.cut();
    for (const [n, app] of apps.entries()) await say(app, `round ${round}, tab ${n}, in the dark`);
    link.mend();
    for (const [n, app] of apps.entries()) await say(app, `round ${round}, tab ${n}`);
    const retry = apps[0].banner.getByRole('button', { name: 'Retry now' });
    if (await retry.isVisible()) await retry.click();
    for (const app of apps) {
      await expect(app.messages).toHaveCount(sent.length, { timeout: 40_000 });
      await expect(app.page.locator('.td-tick[data-tick="sending"]')).toHaveCount(0, { timeout: 40_000 });
    }
    expect(sockets.holders).toHaveLength(1);
  }

  // The tab that has the connection goes.
  const leader = apps.find((app) => app.page === sockets.holders[0]);
  await leader?.page.close();
  const rest = apps.filter((app) => app !== leader);
  for (const app of rest) await say(app, 'after the first has gone');
  const page = await reader.call<{ messages: { content: string }[] }>('GET', '/api/v1/rooms/general/messages?limit=200');
  expect(page.messages.length).toBeGreaterThanOrEqual(18);
  for (const app of rest) {
    await expect(app.messages).toHaveCount(sent.length, { timeout: 20_000 });
    await expect(app.page.locator('.td-tick[data-tick="sending"]')).toHaveCount(0);
  }
  const log = await reader.call<{ messages: { content: string }[] }>('GET', '/api/v1/rooms/general/messages?limit=200');
  expect(log.messages.map((one) => one.content).sort()).toEqual([...sent].sort());
  for (const app of rest) {
    expect(await app.messages.locator('.td-body').allTextContents()).toEqual(log.messages.map((one) => one.content));
  }
  expect(sockets.holders).toHaveLength(1);
});
