// Writing: keys, input methods, edits, and how soon one's own message is seen.
import type { CDPSession } from '@playwright/test';

import { App, Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';

async function alone(url: string): Promise<void> {
  await (await Person.signIn(url, 'ann')).createRoom('desk', 'Desk');
}

test('Shift and Enter begin a new line, and Enter alone sends both', async ({ browser, server }) => {
  await alone(server.url);
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/desk' });
  await ann.composer.pressSequentially('first line');
  await ann.composer.press('Shift+Enter');
  await ann.composer.pressSequentially('second line');
  await expect(ann.composer).toHaveValue('first line\nsecond line');
  await expect(ann.messages).toHaveCount(0);
  await ann.composer.press('Enter');
  await expect(ann.messages).toHaveCount(1);
  await expect(ann.messages.locator('br')).toHaveCount(1);
  await expect(ann.composer).toHaveValue('');
  await ann.close();
});

/** Enter as a keyboard sends it, with a key code that says who has it: an input method, or the page. */
async function enter(keys: CDPSession, code: number): Promise<void> {
  const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: code };
  await keys.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key });
  await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
}

test('Enter that an input method takes for itself sends nothing', async ({ browser, server }) => {
  await alone(server.url);
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/desk' });
  await ann.composer.focus();
  await ann.page.evaluate(() => {
    addEventListener('keydown', (event) => (document.body.dataset.composing = `${event.isComposing} ${event.keyCode}`), true);
  });
  const keys = await ann.page.context().newCDPSession(ann.page);
  const last = () => ann.page.evaluate(() => document.body.dataset.composing);
  await keys.send('Input.imeSetComposition', { text: 'nihao', selectionStart: 5, selectionEnd: 5 });
  await expect(ann.composer).toHaveValue('nihao');
  await enter(keys, 229);
  expect(await last()).toBe('true 229');
  // Some browsers end the composition first, and tell of the key after that.
  await keys.send('Input.insertText', { text: '你好' });
  await expect(ann.composer).toHaveValue('你好');
  await enter(keys, 229);
  expect(await last()).toBe('false 229');
  await expect(ann.composer).toHaveValue('你好');
  await expect(ann.messages).toHaveCount(0);
  await enter(keys, 13);
  expect(await last()).toBe('false 13');
  await expect(ann.message('你好')).toBeVisible();
  await expect(ann.messages).toHaveCount(1);
  await ann.close();
});

test('Escape ends an edit: the message stays, and so does what was half written', async ({ browser, server }) => {
  await alone(server.url);
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/desk' });
  await ann.send('as it was');
  await expect(ann.page.locator('.td-tick[data-tick="sent"]')).toBeVisible();
  await ann.composer.press('ArrowUp');
  await expect(ann.page.getByText('Editing your message')).toBeVisible();
  await ann.composer.fill('as it is not to be');
  await ann.composer.press('Escape');
  await expect(ann.page.getByText('Editing your message')).toHaveCount(0);
  await expect(ann.composer).toHaveValue('');
  await expect(ann.composer).toBeFocused();
  await expect(ann.message('as it was')).toBeVisible();

  // The same with a draft: it is given back.
  await ann.composer.fill('half a thought');
  await ann.message('as it was').hover();
  await ann.page.getByRole('button', { name: 'Edit' }).click();
  await expect(ann.composer).toHaveValue('as it was');
  await ann.composer.press('Escape');
  await expect(ann.composer).toHaveValue('half a thought');
  await ann.close();
});

test('an own message is seen within 50 ms of Enter, in the median of 40', async ({ browser, server }) => {
  await alone(server.url);
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/desk' });
  await expect(ann.page.locator('.td-room-sub')).toContainText('1 here');
  const took = await ann.page.evaluate(async () => {
    const field = document.querySelector('textarea');
    if (!field) throw new Error('no field');
    const frame = () => new Promise(requestAnimationFrame);
    const took: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      field.value = `message number ${n}`;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      await frame();
      const pressed = performance.now();
      field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
      // In the list, with the field empty, and in a frame that the browser is about to paint.
      do await frame();
      while (document.querySelectorAll('.td-message').length <= n || field.value !== '');
      took.push(performance.now() - pressed);
    }
    return took.sort((a, b) => a - b);
  });
  const [median, slowest] = [took[took.length / 2] ?? Infinity, took.at(-1) ?? Infinity];
  console.log(`shown after ${median.toFixed(1)} ms in the median, ${slowest.toFixed(1)} ms at the most`);
  expect(median).toBeLessThan(50);
  await ann.close();
});
