// What did not come is told beside what is there, and asked for again by a button: the same thing, and nothing else moves.
import type { Page, Route } from '@playwright/test';

import { App, Person, WITH_SECRET } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';

test.use({ serverOptions: [...WITH_SECRET, '--max-frames-per-second', '10000', '--frame-burst', '10000'] });

/** Requests that get no answer for as long as that is wanted. */
class Outage {
  #lasts = false;
  /** How many had none. */
  count = 0;

  static async of(page: Page, url: RegExp): Promise<Outage> {
    const outage = new Outage();
    await page.route(url, (route: Route) => {
      if (!outage.#lasts) return route.continue();
      outage.count += 1;
      return route.abort();
    });
    return outage;
  }

  begin(): void {
    this.#lasts = true;
  }

  end(): void {
    this.#lasts = false;
  }
}

test('an older page that does not come leaves the reader where he is, and so does the one that comes', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('long', 'Long');
  await (await Person.signIn(server.url, 'ann')).join('long');
  await bob.say('long', ...Array.from({ length: 120 }, (_, n) => `message ${n}`));
  await (await Person.signIn(server.url, 'ann')).frames([{ type: 'READ', roomId: 'long', seq: 120 }]);
  const outages: Outage[] = [];
  const ann = await App.open(browser, server.url, 'ann', {
    hash: '#room/long',
    before: async (page) => outages.push(await Outage.of(page, /\/messages\?.*before=/)),
  });
  await expect(ann.message('message 119')).toBeInViewport();
  const [outage] = outages as [Outage];
  outage.begin();
  const scroller = ann.page.locator('.td-scroll');
  const bar = ann.page.locator('.td-timeline > .td-retry');
  await scroller.evaluate((outer) => outer.scrollTo(0, 150));
  await expect(bar).toContainText('Older messages did not come');
  await expect(ann.messages, 'what was there stays').toHaveCount(50);
  // Scrolling on does not ask again and again.
  const before = outage.count;
  for (const top of [140, 120, 100]) await scroller.evaluate((outer, top) => outer.scrollTo(0, top), top);
  await ann.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  expect(outage.count).toBe(before);
  await ann.expectAccessible('an older page that did not come');
  await ann.screenshot('desktop-light-older-failed');

  // In vain once more, and then not.
  const row = ann.message('message 72');
  const place = () => row.evaluate((one) => one.getBoundingClientRect().bottom);
  await row.evaluate((one) => one.scrollIntoView({ block: 'center' }));
  const at = await place();
  await bar.getByRole('button', { name: 'Retry' }).click();
  await expect.poll(() => outage.count).toBe(before + 1);
  await expect(bar).toBeVisible();
  outage.end();
  await bar.getByRole('button', { name: 'Retry' }).click();
  await expect(ann.messages).toHaveCount(100);
  await expect(bar).toHaveCount(0);
  expect(Math.abs((await place()) - at)).toBeLessThanOrEqual(1);
  await ann.close();
});

test('the first page of a room is asked for again', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'ann');
  await bob.createRoom('lab', 'Lab');
  await bob.say('lab', 'there you are');
  const outages: Outage[] = [];
  const ann = await App.open(browser, server.url, 'ann', {
    hash: '#room/lab',
    before: async (page) => {
      const outage = await Outage.of(page, /\/rooms\/lab\/messages/);
      outage.begin();
      outages.push(outage);
    },
  });
  await expect(ann.page.getByText('The messages did not come')).toBeVisible();
  await expect(ann.page.getByText('no answer from the server.')).toBeVisible();
  outages[0]?.end();
  await ann.page.getByRole('button', { name: 'Retry' }).click();
  await expect(ann.message('there you are')).toBeVisible();
  await expect(ann.page.getByText('The messages did not come')).toHaveCount(0);
  await ann.close();
});

test('a list of rooms that does not come keeps the rows, and says so', async ({ browser, server }) => {
  const person = await Person.signIn(server.url, 'ann');
  await person.createRoom('lab', 'Lab');
  const outages: Outage[] = [];
  const ann = await App.open(browser, server.url, 'ann', {
    before: async (page) => outages.push(await Outage.of(page, /\/rooms\?scope=mine/)),
  });
  await expect(ann.row('Lab')).toBeVisible();
  const [outage] = outages as [Outage];
  outage.begin();
  // The list is read anew whenever the connection comes back.
  await server.kill();
  await server.start();
  const bar = ann.page.locator('.td-sidebar .td-retry');
  await expect(bar).toContainText('The list did not come: no answer from the server.', { timeout: 30_000 });
  await expect(ann.row('Lab')).toBeVisible();
  outage.end();
  await bar.getByRole('button', { name: 'Retry' }).click();
  await expect(bar).toHaveCount(0);
  await expect(ann.row('Lab')).toBeVisible();
  await ann.close();
});

test('notifications that do not come keep the list, show bones on their way, and are asked for again', async ({ browser, server }) => {
  test.slow();
  const service = await Person.service(server.url, 'notify');
  await Person.signIn(server.url, 'ann');
  for (let n = 0; n < 60; n += 1) await service.notify('ann', `Number ${n}`, '');
  const outages: Outage[] = [];
  let hold: (() => void) | undefined;
  const ann = await App.open(browser, server.url, 'ann', {
    before: async (page) => outages.push(await Outage.of(page, /\/notifications\?/)),
  });
  await expect(ann.bell).toHaveAccessibleName('Notifications, 60 unread');
  await ann.bell.click();
  const list = ann.page.getByRole('dialog', { name: 'Notifications' });
  const rows = list.locator('.td-note');
  await expect(rows).toHaveCount(50);
  const [outage] = outages as [Outage];

  outage.begin();
  await list.getByRole('button', { name: 'Show older' }).click();
  const bar = list.locator('.td-retry');
  await expect(bar).toContainText('Older ones did not come');
  await expect(rows).toHaveCount(50);
  await ann.expectAccessible('older notifications that did not come');
  await ann.screenshot('desktop-light-notifications-failed');
  outage.end();

  // While they are on their way, three rows of bones stand for them.
  const held = new Promise<void>((resolve) => (hold = resolve));
  await ann.page.route(/\/notifications\?.*before=/, async (route) => {
    await held;
    await route.continue();
  });
  await bar.getByRole('button', { name: 'Retry' }).click();
  await expect(list.locator('.td-row-bones')).toHaveCount(3);
  await expect(list.locator('.td-row-bones').first()).toBeVisible();
  hold?.();
  await expect(rows).toHaveCount(60);
  await expect(list.locator('.td-row-bones')).toHaveCount(0);
  await expect(bar).toHaveCount(0);

  // The newest page, which comes with every connection: what is there stays beside the error.
  outage.begin();
  await server.kill();
  await server.start();
  await expect(bar).toContainText('Notifications did not come', { timeout: 30_000 });
  await expect(rows).toHaveCount(60);
  outage.end();
  await bar.getByRole('button', { name: 'Retry' }).click();
  await expect(bar).toHaveCount(0);
  await expect(rows.first()).toContainText('Number 59');
  await ann.close();
});
