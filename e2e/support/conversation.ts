// What every example must do: two people chat, the server crashes and comes back, a notification arrives.
import { expect, type BrowserContext, type Page } from '@playwright/test';

import { notify } from './example.js';
import type { Server } from './server.js';

/** An example's page, open as one user. */
export class Window {
  private constructor(private readonly page: Page) {}

  static async open(context: BrowserContext, site: string, server: Server, userId: string): Promise<Window> {
    const page = await context.newPage();
    page.on('pageerror', (error) => {
      throw error;
    });
    await page.goto(`${site}/?as=${userId}&server=${encodeURIComponent(server.url)}`);
    const window = new Window(page);
    await expect(window.state).toHaveText('connected');
    return window;
  }

  get state() {
    return this.page.locator('#state');
  }

  get messages() {
    return this.page.getByRole('list', { name: 'Messages' }).getByRole('listitem');
  }

  get notifications() {
    return this.page.getByRole('list', { name: 'Notifications' }).getByRole('listitem');
  }

  get unread() {
    return this.page.locator('#unread');
  }

  async say(text: string): Promise<void> {
    await this.page.getByLabel('Message', { exact: true }).fill(text);
    await this.page.getByRole('button', { name: 'Send' }).click();
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }
}

/** The whole story, on a site that is an example. */
export async function converse(context: BrowserContext, site: string, server: Server): Promise<void> {
  const ann = await Window.open(context, site, server, 'ann');
  const bob = await Window.open(context, site, server, 'bob');

  await ann.say('Hello Bob');
  await expect(bob.messages).toHaveText(['ann: Hello Bob']);
  await bob.say('Hello Ann');
  await expect(ann.messages).toHaveText(['ann: Hello Bob', 'bob: Hello Ann']);

  await notify(server, 'ann', 'Build', 'All green');
  await expect(ann.notifications).toHaveText(['Build: All green']);
  await expect(ann.unread).toHaveText('1');
  await expect(bob.notifications).toHaveCount(0);

  await server.kill();
  await expect(ann.state).toHaveText('reconnecting');
  await ann.say('Are you there?');
  await ann.say('I will wait');
  await server.start();
  const all = ['ann: Hello Bob', 'bob: Hello Ann', 'ann: Are you there?', 'ann: I will wait'];
  await expect(bob.messages).toHaveText(all, { timeout: 30_000 });
  await expect(ann.messages).toHaveText(all);

  await ann.reload();
  await expect(ann.messages).toHaveText(all);
  await expect(ann.notifications).toHaveText(['Build: All green']);
}
