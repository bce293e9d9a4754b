// What a user has told the system: less motion, colours of one's own.
import { App, DESKTOP, Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';

test.beforeEach(async ({ server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('desk', 'Desk');
  await (await Person.signIn(server.url, 'ann')).join('desk');
  await bob.say('desk', 'one', 'two');
});

for (const motion of ['reduce', 'no-preference'] as const) {
  test(`animations and transitions with the preference “${motion}”`, async ({ browser, server }) => {
    const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: motion });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const longest = { ms: 0 };
      Object.assign(globalThis, { longest });
      for (const kind of ['animationstart', 'transitionrun']) {
        addEventListener(
          kind,
          () => {
            // What waits before it shows is no motion.
            const times = document.getAnimations().map((one) => Number(one.effect?.getComputedTiming().activeDuration));
            longest.ms = Math.max(longest.ms, ...times);
          },
          true,
        );
      }
    });
    await page.goto(`${server.url}/?as=ann#room/desk`);
    const ann = new App(page);
    await ann.send('hello');
    await expect(ann.message('hello')).toBeVisible();
    await ann.bell.click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New room' }).first().hover();
    await page.getByRole('button', { name: 'New room' }).first().click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Details', exact: true }).click();
    await expect(page.locator('.td-person')).toHaveCount(2);
    const longest = await page.evaluate<number>('longest.ms');
    if (motion === 'reduce') expect(longest).toBeLessThanOrEqual(1);
    else expect(longest, 'what the other run would see').toBeGreaterThan(50);
    await ann.close();
  });
}

test('with colours of the system, what has the focus and what is chosen is still to be seen', async ({ browser, server }) => {
  const context = await browser.newContext({ viewport: DESKTOP, forcedColors: 'active' });
  const page = await context.newPage();
  await page.goto(`${server.url}/?as=ann#room/desk`);
  const ann = new App(page);
  await expect(ann.message('two')).toBeVisible();
  await expect(ann.row('Desk')).toBeVisible();
  expect(await page.evaluate(() => matchMedia('(forced-colors: active)').matches)).toBe(true);

  // Grounds and shadows are taken away: only lines are left to tell.
  const outlined = () =>
    page.evaluate(() => {
      const focused = document.activeElement;
      const lines = [focused, focused?.closest('label, .td-composer-box')].filter((one) => !!one);
      const seen = lines.some((one) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
      });
      return seen ? 'seen' : `${focused?.tagName} ${focused?.className} ${focused?.getAttribute('aria-label') ?? ''}`;
    });
  await page.locator('.td-me').focus();
  const stops = new Set<string>();
  for (let n = 0; n < 40; n += 1) {
    await page.keyboard.press('Tab');
    // Once around: the browser's own controls come next.
    if (await page.evaluate(() => document.activeElement === document.body)) break;
    stops.add(await page.evaluate(() => document.activeElement?.className ?? ''));
    expect(await outlined()).toBe('seen');
  }
  for (const one of ['td-row', 'td-composer-field', 'td-message']) expect([...stops]).toContain(one);
  await ann.bell.click();
  await page.getByRole('radio', { name: 'All' }).focus();
  await page.keyboard.press('ArrowRight');
  expect(await outlined()).toBe('seen');
  await page.keyboard.press('Escape');

  const line = (selector: string) =>
    page.locator(selector).first().evaluate((one) => {
      const { borderTopStyle, borderTopWidth, outlineStyle } = getComputedStyle(one);
      return (borderTopStyle !== 'none' && Number.parseFloat(borderTopWidth) >= 1) || outlineStyle !== 'none';
    });
  for (const one of ['.td-icon-button', '.td-bubble', '.td-composer-box', '.td-row[aria-current]']) {
    expect(await line(one), one).toBe(true);
  }
  await page.getByRole('button', { name: 'New room' }).first().click();
  for (const one of ['.td-dialog', '.td-dialog .td-input', '.td-dialog .td-button', '.td-choice-item:has(:checked)']) {
    expect(await line(one), one).toBe(true);
  }
  await ann.screenshot('desktop-forced-colors');
  await ann.close();
});
