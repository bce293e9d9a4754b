// The app as a person uses it, and what a test needs besides: people, rooms, history, notifications.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import AxeBuilder from '@axe-core/playwright';
import { type Browser, type Locator, type Page, expect } from '@playwright/test';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
const binary = process.env.TIDINGS_SERVER_BIN ?? resolve(target, 'debug/tidings-server');

/** The secret of servers whose tests sign tokens of their own. */
export const SECRET = 'a secret for tests, of more than thirty-two bytes';
export const WITH_SECRET = ['--jwt-secret', SECRET];

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** The app in a page of one user. */
export class App {
  readonly composer: Locator;
  readonly messages: Locator;
  readonly bell: Locator;
  readonly banner: Locator;

  constructor(readonly page: Page) {
    this.composer = page.locator('textarea');
    this.messages = page.locator('.td-message');
    this.bell = page.getByRole('button', { name: /^Notifications/ });
    this.banner = page.locator('.td-banner');
  }

  /** Opens the app in a browser context of its own. Its console must stay clean: the policy forbids nothing it does. */
  static async open(
    browser: Browser,
    url: string,
    name: string,
    options: { hash?: string; viewport?: { width: number; height: number }; dark?: boolean; phone?: boolean; before?: (page: Page) => Promise<unknown> } = {},
  ): Promise<App> {
    const context = await browser.newContext({
      viewport: options.viewport ?? (options.phone ? PHONE : DESKTOP),
      hasTouch: options.phone ?? false,
      colorScheme: options.dark ? 'dark' : 'light',
    });
    const page = await context.newPage();
    const app = new App(page);
    page.on('pageerror', (error) => app.errors.push(error.message));
    page.on('console', (message) => {
      // A lost connection is an error to the browser, and is what some tests are about.
      if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) {
        app.errors.push(message.text());
      }
    });
    await options.before?.(page);
    await page.goto(`${url}/?as=${name}${options.hash ?? ''}`);
    // A debug build of the app is 13 MB: on a busy machine it takes its time.
    await expect(page.getByRole('navigation', { name: 'Conversations' })).toBeAttached({ timeout: 30_000 });
    return app;
  }

  /** What the page has thrown, or the policy has blocked. */
  readonly errors: string[] = [];

  /** A row of the list. */
  row(name: string): Locator {
    return this.page.locator('.td-row', { hasText: name });
  }

  message(text: string): Locator {
    return this.messages.filter({ hasText: text });
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  async createRoom(name: string, kind: 'Public' | 'Private' = 'Public'): Promise<void> {
    await this.page.getByRole('button', { name: 'New room' }).first().click();
    const dialog = this.page.getByRole('dialog', { name: 'New room' });
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByText(kind, { exact: true }).click();
    await dialog.getByRole('button', { name: 'Create room' }).click();
    await expect(this.page.getByRole('heading', { level: 1, name })).toBeVisible();
  }

  /** Looks at the view with axe: nothing may be found. */
  async expectAccessible(what: string): Promise<void> {
    await settled(this.page);
    const { violations } = await new AxeBuilder({ page: this.page }).analyze();
    const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
    expect(found, what).toEqual([]);
  }

  /** Whatever a finger may touch in the view is 44 px wide and high. A link within a text is as high as its line. */
  async expectTouchable(what: string): Promise<void> {
    await settled(this.page);
    expect(await this.page.evaluate(tooSmall, TOUCH), what).toEqual([]);
  }

  /** A picture for people to look at; git ignores it. */
  async screenshot(name: string): Promise<void> {
    await this.page.mouse.move(1, 1); // nothing hovers
    await settled(this.page);
    await this.page.screenshot({ path: resolve(root, `e2e/screenshots/${name}.png`) });
  }

  async close(): Promise<void> {
    await this.page.context().close();
    expect(this.errors).toEqual([]);
  }
}

/** What a finger needs, in CSS pixels. */
const TOUCH = 44;

/** In the page: whatever can be pressed and is smaller than that, with its size. */
function tooSmall(least: number): string[] {
  const found: string[] = [];
  // Behind a dialog nothing can be touched.
  const within = document.querySelector('dialog:modal') ?? document;
  for (const one of within.querySelectorAll('button, a[href], input, select, textarea, summary, [role="button"], li.td-message')) {
    // What a label holds is pressed by the label.
    const target = one.closest('label') ?? one;
    const isShown = target.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!isShown || one.matches(':disabled, .td-body a')) continue;
    const box = target.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    const size = `${Math.round(box.width * 10) / 10} × ${Math.round(box.height * 10) / 10}`;
    const name = target.getAttribute('aria-label') ?? target.textContent?.trim().slice(0, 30);
    // Layout counts in 64ths of a pixel.
    if (Math.min(box.width, box.height) < least - 0.05) found.push(`${target.className} “${name}”: ${size}`);
  }
  return found;
}

/** Waits until nothing moves any more that comes to an end. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document.getAnimations().every((one) => one.playState !== 'running' || one.effect?.getTiming().iterations === Infinity),
  );
}

/** A user of the server's HTTP interface. */
export class Person {
  private constructor(
    readonly url: string,
    readonly id: string,
    private readonly token: string,
  ) {}

  static async signIn(url: string, id: string, name?: string): Promise<Person> {
    const response = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: id, name }),
    });
    expect(response.status).toBe(200);
    const { token } = (await response.json()) as { token: string };
    return new Person(url, id, token);
  }

  /** A service with a scope. The server must have been started with {@link WITH_SECRET}. */
  static async service(url: string, scope: string): Promise<Person> {
    const args = ['token', '--sub', 'service', '--scope', scope, '--ttl', '1h', ...WITH_SECRET];
    const { stdout } = await promisify(execFile)(binary, args);
    return new Person(url, 'service', stdout.trim());
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async createRoom(roomId: string, name: string, kind: 'public' | 'private' = 'public', members: string[] = []) {
    await this.call('POST', '/api/v1/rooms', { roomId, name, kind, members });
  }

  /** Sends frames, each with an id of its own, and waits for their answers. */
  async frames(frames: Record<string, unknown>[]): Promise<{ data: { messageId: string; seq: number } }[]> {
    const clientSession = crypto.randomUUID();
    const answers = [];
    for (let at = 0; at < frames.length; at += 50) {
      const part = frames.slice(at, at + 50).map((frame) => ({ id: crypto.randomUUID(), ...frame }));
      const answer = await this.call<{ frames: { category: string; data: { messageId: string; seq: number } }[] }>(
        'POST',
        '/api/v1/realtime/frames',
        { clientSession, frames: part },
      );
      for (const frame of answer.frames) {
        if (frame.category === 'ERROR') throw new Error(JSON.stringify(frame));
      }
      answers.push(...answer.frames);
    }
    return answers;
  }

  join(roomId: string) {
    return this.frames([{ type: 'JOIN_ROOM', roomId }]);
  }

  say(roomId: string, ...texts: string[]) {
    return this.frames(texts.map((content) => ({ type: 'CHAT_MESSAGE', roomId, content })));
  }

  write(recipientId: string, ...texts: string[]) {
    return this.frames(texts.map((content) => ({ type: 'PRIVATE_MESSAGE', content, data: { recipientId } })));
  }

  notify(userId: string, title: string, message: string, data: Record<string, unknown> = {}, type = 'info') {
    return this.call('POST', '/api/v1/notifications/send', { userId, title, message, type, data });
  }
}
