// A long room: scrolling back does not move what is read, and the end is one click away.
import { App, Person, WITH_SECRET, settled } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { keepToasts } from '../support/seen.js';

const TOTAL = 230;

test.use({ serverOptions: [...WITH_SECRET, '--max-frames-per-second', '10000', '--frame-burst', '10000'] });

test.beforeEach(async ({ server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('long', 'Long');
  await (await Person.signIn(server.url, 'ann')).join('long');
  const text = (n: number) => (n % 7 === 0 ? `message ${n}\n\n- of\n- several\n- lines` : `message ${n}`);
  await bob.say('long', ...Array.from({ length: TOTAL }, (_, n) => text(n)));
  await (await Person.signIn(server.url, 'ann')).frames([{ type: 'READ', roomId: 'long', seq: TOTAL }]);
});

test('older pages come without a jump, down to the first message', async ({ browser, server }) => {
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/long' });
  await expect(ann.message(`message ${TOTAL - 1}`).last()).toBeInViewport();
  const scroller = ann.page.locator('.td-scroll');
  // Follows one row of the list while the page above it comes in; the view itself moves where a banner comes or goes.
  // What was said a moment ago rises into view where it comes live, and with no page.
  const jumps: { row: number; view: number; rising: number }[] = [];
  for (let page = 0; page < 4; page += 1) {
    const count = await ann.messages.count();
    const jump = await scroller.evaluate(async (outer, count) => {
      outer.scrollTop = 120;
      const top = outer.getBoundingClientRect().top;
      const rows = [...outer.querySelectorAll('.td-message')];
      const row = rows.find((one) => one.getBoundingClientRect().bottom > top + 40);
      if (!row) throw new Error('no row in view');
      const before = row.getBoundingClientRect().bottom - top;
      let rising = 0;
      for (let frame = 0; frame < 600; frame += 1) {
        await new Promise(requestAnimationFrame);
        rising = Math.max(rising, outer.querySelectorAll('[data-fresh="true"]').length);
        if (outer.querySelectorAll('.td-message').length > count) break;
      }
      await new Promise(requestAnimationFrame);
      const now = outer.getBoundingClientRect().top;
      return { row: row.getBoundingClientRect().bottom - now - before, view: now - top, rising };
    }, count);
    jumps.push(jump);
  }
  const moved = jumps.filter(({ row, rising }) => Math.abs(row) > 0.5 || rising > 0);
  expect(moved, JSON.stringify(jumps)).toEqual([]);
  await expect(ann.messages).toHaveCount(TOTAL);
  await expect(ann.page.locator('.td-bones')).toHaveCount(0);

  // Live messages leave a reader alone who is far up.
  const bob = await Person.signIn(server.url, 'bob');
  await scroller.evaluate((outer) => outer.scrollTo(0, 0));
  await expect(ann.message('message 0').first()).toBeInViewport();
  await bob.say('long', 'news', 'more news');
  const pill = ann.page.getByRole('button', { name: '2 new messages' });
  await expect(pill).toBeVisible();
  await expect(ann.message('message 0').first()).toBeInViewport();
  await pill.click();
  await expect(ann.message('more news').last()).toBeInViewport();
  await expect(pill).toHaveCount(0);
  await ann.close();
});

test('many unread messages: the divider is a click away', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.say('long', ...Array.from({ length: 120 }, (_, n) => `unread ${n}`));
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/long' });
  await expect(ann.message('unread 119')).toBeInViewport();
  await ann.page.getByRole('button', { name: '99+ unread' }).click();
  await expect(ann.page.locator('.td-unread')).toBeInViewport();
  await expect(ann.message('unread 0').first()).toBeInViewport();
  // From there the reader goes on down, page by page, to the end.
  const scroller = ann.page.locator('.td-scroll');
  await expect(async () => {
    await scroller.evaluate((outer) => outer.scrollTo(0, outer.scrollHeight));
    await expect(ann.message('unread 119')).toBeInViewport({ timeout: 500 });
  }).toPass();
  await expect(ann.row('Long').locator('.td-badge')).toHaveCount(0);
  await ann.close();
});

for (const phone of [false, true]) {
  test(`toasts leave the pills free on a ${phone ? 'phone' : 'desktop'}, below the banner too`, async ({ browser, server, link }) => {
    const bob = await Person.signIn(server.url, 'bob');
    await bob.say('long', ...Array.from({ length: 120 }, (_, n) => `unread ${n}`));
    const service = await Person.service(server.url, 'notify');
    let letToastsGo = async () => {};
    const ann = await App.open(browser, link.url, 'ann', {
      phone,
      before: async (page) => {
        letToastsGo = await keepToasts(page);
      },
    });
    const { page } = ann;
    await ann.row('Long').click();
    await page.context().grantPermissions(['clipboard-write']);
    await expect(ann.message('unread 119')).toBeInViewport();
    await page.locator('.td-scroll').evaluate((outer) => outer.scrollTo(0, outer.scrollHeight - outer.clientHeight - 600));
    await expect(page.getByRole('button', { name: '99+ unread' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Jump to latest' })).toBeVisible();
    for (const n of [1, 2, 3]) await service.notify('ann', `Build ${n} passed`, 'All 1,204 tests in 3 min 12 s.');
    const toasts = page.locator('.td-toast');
    await expect(toasts).toHaveCount(3);
    await settled(page);
    expect(await page.evaluate(covered)).toEqual([]);

    link.cut();
    await expect(ann.banner).toBeVisible({ timeout: 15_000 });
    await letToastsGo();
    await expect(toasts).toHaveCount(0);
    await ann.messages.last().click();
    await page.getByRole('button', { name: 'Copy text' }).click();
    await expect(toasts).toHaveCount(1);
    await settled(page);
    expect(await page.evaluate(covered)).toEqual([]);
    await ann.close();
  });
}

/** In the page: the pills that a toast covers, a part of them is enough. */
function covered(): string[] {
  const toasts = [...document.querySelectorAll('.td-toast')].map((one) => one.getBoundingClientRect());
  const pills = [...document.querySelectorAll('.td-pill')].filter((pill) => {
    const at = pill.getBoundingClientRect();
    return toasts.some((one) => one.left < at.right && at.left < one.right && one.top < at.bottom && at.top < one.bottom);
  });
  return pills.map((pill) => pill.textContent ?? '');
}
