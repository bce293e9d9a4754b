// Checks 24 and 25 of docs/security.md: what people write is shown as text, and the policy has nothing to block.
import type { Locator, Page, Route } from '@playwright/test';

import { App, Person, WITH_SECRET } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { HOSTILE, asText, bare } from '../support/hostile.js';
import { keepToasts } from '../support/seen.js';

const ROOMS = 8;
/** A few of all kinds, for places that hold only so many. */
const SOME = HOSTILE.filter((_, at) => at % 12 === 0);

/** As much of a text as may be a name. */
const nameOf = (text: string): string => text.replace(/\p{Cc}/gu, '').trim().slice(0, 60);

/** Waits until each of these texts stands, as text alone, in an element of its own. */
async function expectShown(texts: readonly string[], where: Locator): Promise<void> {
  await expect(async () => {
    const shown = (await where.allTextContents()).map(bare);
    expect(texts.filter((text) => !shown.some((one) => one.includes(bare(text))))).toEqual([]);
  }).toPass({ timeout: 15_000 });
}

/** Notices whatever a text may set off. */
async function watch(page: Page, set: string[]): Promise<void> {
  page.on('dialog', (dialog) => {
    set.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.text().startsWith('policy: ')) set.push(message.text());
  });
  page.on('request', (request) => {
    if (/evil\.example/.test(request.url())) set.push(`request ${request.url()}`);
  });
  await page.exposeFunction('pwned', () => set.push('pwned'));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (violation) => {
      console.error(`policy: ${violation.violatedDirective} ${violation.blockedURI}`);
    });
  });
}

/** What no text may become: elements that run or fetch, handlers, links to anything but pages and mail. */
function foundIn(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.body.querySelectorAll('main *, nav *, aside *, dialog *')) {
      const name = element.localName;
      if (['script', 'iframe', 'object', 'embed', 'form', 'style', 'base', 'meta', 'link', 'video', 'math', 'template'].includes(name)) {
        if (!(name === 'form' && element.closest('.td-composer, .td-gate, .td-gate-card, dialog, search'))) found.push(element.outerHTML);
      }
      for (const { name: attribute, value } of element.attributes) {
        if (/^on/i.test(attribute)) found.push(`${attribute}=${value}`);
      }
      if (name === 'img') found.push(element.outerHTML);
      if (name === 'a') {
        const link = element as HTMLAnchorElement;
        // `:` is the protocol of an address that is none, and leads nowhere.
        if (!['http:', 'https:', 'mailto:', ':'].includes(link.protocol)) found.push(link.outerHTML);
        if (link.protocol !== ':' && link.origin !== location.origin && link.rel !== 'noopener noreferrer nofollow ugc') found.push(link.outerHTML);
      }
    }
    return found;
  });
}

test('s24 more than two hundred hostile texts are shown as text in messages, names, rooms and notifications', async ({ browser, server }) => {
  test.slow(); // the app is opened nine times
  expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
  expect(HOSTILE.length).toBeGreaterThanOrEqual(200);
  const size = Math.ceil(HOSTILE.length / ROOMS);
  const ann = await Person.signIn(server.url, 'ann', 'Ann');
  const rooms = Array.from({ length: ROOMS }, (_, at) => HOSTILE.slice(at * size, (at + 1) * size));
  for (const [at, texts] of rooms.entries()) {
    // Room names and people's names are hostile too, as far as they may be.
    await ann.createRoom(`room-${at}`, nameOf(texts[0] ?? 'x'));
    const writer = await Person.signIn(server.url, `writer-${at}`, nameOf(texts[1] ?? 'x'));
    await writer.join(`room-${at}`);
    await writer.say(`room-${at}`, ...texts);
    await writer.say(`room-${at}`, `the end of ${at}`);
  }

  const set: string[] = [];
  const app = await App.open(browser, server.url, 'ann', { before: (page) => watch(page, set) });
  for (const [at, texts] of rooms.entries()) {
    await app.page.goto(`${server.url}/?as=ann#room/room-${at}`);
    await app.page.reload();
    await expect(app.message(`the end of ${at}`)).toBeVisible();
    expect(await foundIn(app.page), `room ${at}`).toEqual([]);
    // Each of them is a message whose text is this and nothing else.
    const shown = new Set((await app.messages.locator('.td-body').allTextContents()).map(bare));
    expect(texts.filter((text) => !asText(text).some((one) => shown.has(one)))).toEqual([]);
    // What could be set off by the pointer or by focus.
    for (const row of (await app.messages.all()).slice(0, 40)) await row.hover({ timeout: 2_000, force: true }).catch(() => undefined);
  }
  expect(set).toEqual([]);
  await app.close();
});

test('s24 hostile names are shown as text in lists of people and rooms, and when a room is renamed', async ({ browser, server }) => {
  const names = SOME.map(nameOf);
  const ann = await Person.signIn(server.url, 'ann', 'Ann');
  await ann.createRoom('crowd', 'Crowd');
  for (const [at, name] of names.entries()) {
    const other = await Person.signIn(server.url, `other-${at}`, name);
    await other.join('crowd');
    await other.createRoom(`of-${at}`, name);
  }
  const set: string[] = [];
  const app = await App.open(browser, server.url, 'ann', { hash: '#room/crowd', before: (page) => watch(page, set) });
  const open = (name: string) => app.page.getByRole('button', { name, exact: true }).first().click();

  await open('Details');
  await expectShown(names, app.page.locator('.td-person'));
  expect(await foundIn(app.page), 'members').toEqual([]);
  await open('Close details');
  for (const list of ['New message', 'Browse rooms']) {
    await open(list);
    await expectShown(names, app.page.locator('.td-dialog-row'));
    expect(await foundIn(app.page), list).toEqual([]);
    await app.page.keyboard.press('Escape');
  }
  await open('New message');
  for (const name of names.slice(0, 5)) {
    await app.page.getByLabel('Name').fill(name);
    await expectShown([name], app.page.locator('.td-dialog-row'));
    expect(await foundIn(app.page), `looking for ${name}`).toEqual([]);
  }
  await app.page.keyboard.press('Escape');
  for (const name of names) {
    await ann.call('PATCH', '/api/v1/rooms/crowd', { name });
    await expectShown([name], app.page.getByRole('heading', { level: 1 }));
    await expectShown([name], app.page.locator('.td-row'));
    expect(await foundIn(app.page), `renamed to ${name}`).toEqual([]);
  }
  expect(set).toEqual([]);
  await app.close();
});

test('s24 a hostile error is shown as text', async ({ browser, server }) => {
  const set: string[] = [];
  const app = await App.open(browser, server.url, 'ann', { before: (page) => watch(page, set) });
  let detail = '';
  const refuse = (route: Route) =>
    route.fulfill({
      status: 422,
      contentType: 'application/problem+json',
      body: JSON.stringify({ type: 'about:blank', title: detail, status: 422, code: 'LIMIT', detail }),
    });
  await app.page.route('**/api/v1/rooms', refuse);
  await app.page.getByRole('button', { name: 'New room' }).first().click();
  for (const text of SOME) {
    detail = text;
    await app.page.getByLabel('Name').fill('a room');
    await app.page.getByRole('button', { name: 'Create room' }).click();
    await expectShown([text], app.page.locator('.td-error'));
    expect(await foundIn(app.page), text).toEqual([]);
  }
  expect(set).toEqual([]);
  await app.close();
});

test.describe('notifications', () => {
  test.use({ serverOptions: WITH_SECRET });

  test('s24 hostile notifications are shown as text', async ({ browser, server }) => {
    const set: string[] = [];
    const app = await App.open(browser, server.url, 'ann', {
      before: async (page) => {
        await watch(page, set);
        await keepToasts(page);
      },
    });
    const service = await Person.service(server.url, 'notify');
    // What comes before the list of notifications stands in it, and is no news.
    await app.bell.click();
    const list = app.page.getByRole('dialog', { name: 'Notifications' });
    await expect(list.locator('.td-empty')).toBeVisible();
    await app.page.keyboard.press('Escape');
    await expect(list).toHaveCount(0);
    const toast = app.page.locator('.td-toast');
    for (const text of SOME) {
      await service.notify('ann', text.slice(0, 200), text, { url: text }, text.slice(0, 40));
      await expectShown([text.slice(0, 200), text], toast.locator('p'));
      expect(await foundIn(app.page), `toast ${text}`).toEqual([]);
    }
    await service.notify('ann', 'the last one', 'x');
    await app.bell.click();
    await expect(app.page.getByText('the last one').first()).toBeVisible();
    expect(await foundIn(app.page)).toEqual([]);
    expect(set).toEqual([]);
    await app.close();
  });
});

test('s24 a hostile name in the address is shown as text', async ({ page, server }) => {
  const set: string[] = [];
  await watch(page, set);
  for (const text of HOSTILE.filter((_, at) => at % 20 === 0)) {
    await page.goto(`${server.url}/?as=${encodeURIComponent(text)}#room/${encodeURIComponent(text)}`);
    // The app is up: it has signed the name in, or says why it has not.
    const signedIn = page.getByRole('navigation', { name: 'Conversations' });
    await expect(signedIn.or(page.locator('.td-gate-card [role=alert]'))).toBeAttached({ timeout: 30_000 });
    expect(await foundIn(page), text).toEqual([]);
  }
  expect(set).toEqual([]);
});

test('s25 the policy blocks what is not the app, and the hook of these tests sees it', async ({ browser, server }) => {
  const app = await App.open(browser, server.url, 'ann', { before: (page) => watch(page, []) });
  const ran = await app.page.evaluate(async () => {
    const blocked = new Promise((done) => document.addEventListener('securitypolicyviolation', () => done(true), { once: true }));
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    await blocked;
    return 'ran' in window;
  });
  expect(ran).toBe(false);
  await expect.poll(() => app.errors.some((error) => error.startsWith('policy: script-src'))).toBe(true);
  await app.page.context().close();
});
