// Checks 24 and 25 of docs/security.md: what people write is shown as text, and the policy has nothing to block.
import type { Page } from '@playwright/test';

import { App, Person, WITH_SECRET } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { HOSTILE } from '../support/hostile.js';

const ROOMS = 8;

/** Notices whatever a text may set off. */
async function watch(page: Page, set: string[]): Promise<void> {
  page.on('dialog', (dialog) => {
    set.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
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
        if (link.protocol !== ':' && link.origin !== location.origin && !/noopener noreferrer nofollow/.test(link.rel)) found.push(link.outerHTML);
      }
    }
    return found;
  });
}

test('s24 more than two hundred hostile texts are shown as text in messages, names, rooms and notifications', async ({ browser, server }) => {
  expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
  expect(HOSTILE.length).toBeGreaterThanOrEqual(200);
  const size = Math.ceil(HOSTILE.length / ROOMS);
  const ann = await Person.signIn(server.url, 'ann', 'Ann');
  const rooms = Array.from({ length: ROOMS }, (_, at) => HOSTILE.slice(at * size, (at + 1) * size));
  for (const [at, texts] of rooms.entries()) {
    // Room names and people's names are hostile too, as far as they may be.
    const name = (text: string) => text.replace(/\p{Cc}/gu, '').trim().slice(0, 60);
    await ann.createRoom(`room-${at}`, name(texts[0] ?? 'x'));
    const writer = await Person.signIn(server.url, `writer-${at}`, name(texts[1] ?? 'x'));
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
    // What has no meaning in Markdown stands there as it was written (`<scheme:…>` has one).
    const shown = (await app.messages.allInnerTexts()).join('\n');
    const plain = texts.filter((one) => /^<\w+[ >][\w ="'():>;./-]*>$/.test(one));
    expect(plain.filter((text) => !shown.includes(text))).toEqual([]);
    // What could be set off by the pointer or by focus.
    for (const row of (await app.messages.all()).slice(0, 40)) await row.hover({ timeout: 2_000, force: true }).catch(() => undefined);
  }
  expect(set).toEqual([]);
  await app.close();
});

test.describe('notifications', () => {
  test.use({ serverOptions: WITH_SECRET });

  test('s24 hostile notifications are shown as text', async ({ browser, server }) => {
    const set: string[] = [];
    const app = await App.open(browser, server.url, 'ann', { before: (page) => watch(page, set) });
    const service = await Person.service(server.url, 'notify');
    const texts = HOSTILE.filter((_, at) => at % 12 === 0);
    for (const text of texts) await service.notify('ann', text.slice(0, 200), text, { url: text }, text.slice(0, 40));
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
    await expect(page.locator('body')).not.toBeEmpty();
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
