// Two people in two browsers.
import { App, Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { noteTexts } from '../support/seen.js';

test('two people chat: make a room, join it, type, write, read', async ({ browser, server }) => {
  const ann = await App.open(browser, server.url, 'ann');
  await ann.createRoom('Design review');

  const bob = await App.open(browser, server.url, 'bob');
  await bob.page.getByRole('button', { name: 'Browse rooms' }).first().click();
  await bob.page.getByRole('dialog').getByRole('button', { name: /Design review/ }).click();
  await expect(bob.page.getByRole('heading', { level: 1, name: 'Design review' })).toBeVisible();
  await expect(ann.page.locator('.td-room-sub')).toHaveText('2 members · 2 here');

  // Shown at once, with the field empty, the row kept when the server confirms it, and its state going forward only.
  await ann.composer.fill('Hello **Bob**, see https://example.org/plan.');
  await ann.composer.press('Enter');
  await expect(ann.composer).toHaveValue('');
  await expect(ann.composer).toBeFocused();
  const own = ann.message('Hello Bob');
  await expect(own).toBeVisible();
  await own.evaluate((row) => row.setAttribute('data-probe', 'kept'));
  await expect(own.locator('.td-tick')).toHaveAttribute('data-tick', 'read');
  await expect(own).toHaveAttribute('data-probe', 'kept');
  await expect(ann.message('Hello Bob')).toHaveCount(1);

  const received = bob.message('Hello Bob');
  await expect(received.locator('strong')).toHaveText('Bob');
  await expect(received.getByRole('link')).toHaveAttribute('rel', 'noopener noreferrer nofollow ugc');
  await expect(received.getByRole('link')).toHaveAttribute('href', 'https://example.org/plan');

  const typing = await noteTexts(ann.page, '.td-typing');
  await bob.composer.pressSequentially('On my w');
  await expect.poll(typing).toContainEqual(expect.stringContaining('bob is typing…'));
  await bob.composer.fill('On my way');
  await bob.composer.press('Enter');
  await expect(ann.message('On my way')).toBeVisible();
  await expect(ann.page.locator('.td-typing')).not.toContainText('typing');
  await ann.close();
  await bob.close();
});

test('what is unread is counted, divided and read by looking', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob', 'Bob');
  await bob.createRoom('news', 'News');
  await bob.createRoom('other', 'Other');
  const reader = await Person.signIn(server.url, 'ann', 'Ann');
  await reader.join('news');
  await reader.join('other');
  await bob.say('news', 'one', 'two', 'three');

  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/other' });
  await expect(ann.row('News').locator('.td-badge')).toContainText('3');
  await expect(ann.row('News').locator('.td-row-text')).toHaveText('Bob: three');
  await ann.row('News').click();
  await expect(ann.page.locator('.td-unread')).toHaveText('3 new');
  await expect(ann.row('News').locator('.td-badge')).toHaveCount(0);
  await expect(ann.row('News')).toHaveAttribute('aria-current', 'page');
  // The divider stays for the visit, and is gone at the next.
  await bob.say('news', 'four');
  await expect(ann.message('four')).toBeVisible();
  await expect(ann.page.locator('.td-unread')).toHaveText('3 new');
  await ann.row('Other').click();
  await ann.row('News').click();
  await expect(ann.message('four')).toBeVisible();
  await expect(ann.page.locator('.td-unread')).toHaveCount(0);
  await ann.close();
});

test('a conversation begins with a name and is there for both', async ({ browser, server }) => {
  const bob = await App.open(browser, server.url, 'bob');
  const ann = await App.open(browser, server.url, 'ann');
  await ann.page.getByRole('button', { name: 'New message' }).click();
  await ann.page.getByRole('dialog').getByLabel('Name').fill('bo');
  await ann.page.getByRole('dialog').getByRole('button', { name: /bob/ }).first().click();
  await expect(ann.page.getByText('Say hello to bob')).toBeVisible();
  await ann.send('psst');

  await expect(bob.row('ann').locator('.td-badge')).toContainText('1');
  await expect(ann.message('psst').locator('.td-tick')).toHaveAttribute('data-tick', 'delivered');
  await bob.row('ann').click();
  await expect(bob.message('psst')).toBeVisible();
  await expect(ann.message('psst').locator('.td-tick')).toHaveAttribute('data-tick', 'read');
  const typing = await noteTexts(ann.page, '.td-typing');
  await bob.composer.pressSequentially('ye');
  await expect.poll(typing).toContainEqual(expect.stringContaining('bob is typing…'));
  await bob.send('yes?');
  await expect(ann.message('yes?')).toBeVisible();
  await ann.close();
  await bob.close();
});

test('own messages are edited, answered, reacted to and deleted', async ({ browser, server }) => {
  const setup = await Person.signIn(server.url, 'bob');
  await setup.createRoom('lab', 'Lab');
  await (await Person.signIn(server.url, 'ann')).join('lab');
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/lab' });
  const bob = await App.open(browser, server.url, 'bob', { hash: '#room/lab' });
  await ann.send('teh plan');
  await expect(bob.message('teh plan')).toBeVisible();
  // Bob may have it before Ann hears that the server has.
  await expect(ann.message('teh plan').locator('.td-tick')).not.toHaveAttribute('data-tick', 'sending');

  await ann.composer.press('ArrowUp');
  await expect(ann.composer).toHaveValue('teh plan');
  await ann.send('the plan');
  await expect(bob.message('the plan').locator('.td-edited')).toHaveText('Edited');
  await expect(ann.composer).toHaveValue('');

  await bob.message('the plan').hover();
  await bob.page.getByRole('button', { name: 'React' }).click();
  await bob.page.getByRole('button', { name: 'Party' }).click();
  await expect(ann.page.getByRole('button', { name: '🎉, 1' })).toBeVisible();
  await ann.page.getByRole('button', { name: '🎉, 1' }).click();
  await expect(bob.page.getByRole('button', { name: '🎉, 2, yours' })).toBeVisible();

  await bob.message('the plan').hover();
  await bob.page.getByRole('button', { name: 'Reply' }).click();
  await bob.send('agreed');
  await expect(ann.message('agreed').locator('.td-quote')).toContainText('the plan');

  await ann.message('Edited').hover();
  await ann.page.getByRole('button', { name: 'Delete' }).click();
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(bob.page.locator('.td-tombstone')).toHaveText('Message deleted');
  await expect(bob.message('agreed').locator('.td-quote')).toContainText('Message deleted');
  await ann.close();
  await bob.close();
});

test('on a phone, Back closes the details of a room, and then leads to the list', async ({ browser, server }) => {
  await (await Person.signIn(server.url, 'ann')).createRoom('lab', 'Lab');
  await (await Person.signIn(server.url, 'bob')).join('lab');
  const ann = await App.open(browser, server.url, 'ann', { phone: true });
  const { page } = ann;
  const details = page.getByRole('region', { name: 'Details' });
  await ann.row('Lab').click();
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await expect(details).toBeVisible();
  await page.goBack();
  await expect(details).toHaveCount(0);
  await expect(ann.composer).toBeVisible();

  // Closed by their button they leave no step behind.
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('button', { name: 'Close details' }).click();
  await expect(details).toHaveCount(0);
  await expect.poll(() => page.evaluate(() => history.state as unknown)).toBeNull();
  await page.goBack();
  await expect(ann.row('Lab')).toBeVisible();

  // They lead to a conversation, which is shown without its own.
  await ann.row('Lab').click();
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await details.getByRole('button', { name: 'bob' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'bob' })).toBeVisible();
  await expect(details).toHaveCount(0);
  await ann.close();
});

test('a link to a private room says who lets one in, and shows the room as soon as one is let in', async ({ browser, server }) => {
  const owner = await Person.signIn(server.url, 'owner');
  await owner.createRoom('vault', 'Vault', 'private');
  await owner.createRoom('yard', 'Yard');
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/vault' });
  const { page } = ann;
  await expect(page.getByText('It is private, and its owner has to let you in.')).toBeVisible();
  const join = page.getByRole('button', { name: /^Join/ });
  await expect(join).toHaveCount(0);
  await owner.call('PUT', '/api/v1/rooms/vault/members/ann');
  await expect(ann.composer).toBeVisible();

  // A public one is entered by a button, as long as it is public.
  await page.evaluate(() => (location.hash = '#room/yard'));
  await expect(join).toHaveText('Join yard');
  await owner.call('PATCH', '/api/v1/rooms/yard', { kind: 'private' });
  await join.click();
  await expect(page.getByText('It is private, and its owner has to let you in.')).toBeVisible();
  await expect(join).toHaveCount(0);
  await ann.close();
});

test('the reactions of a message at the upper edge can all be seen', async ({ browser, server }) => {
  const me = await Person.signIn(server.url, 'ann');
  await me.createRoom('lab', 'Lab');
  await me.say('lab', ...Array.from({ length: 30 }, (_, n) => `message ${n}`));
  const ann = await App.open(browser, server.url, 'ann', { phone: true });
  const { page } = ann;
  await ann.row('Lab').click();
  await expect(ann.message('message 29')).toBeInViewport();
  const view = page.locator('.td-scroll');
  for (const above of [0, 24, 60]) {
    // What is left between the edge and the message.
    await view.evaluate((outer, above) => {
      const row = [...outer.querySelectorAll('.td-message')].find((one) => one.textContent?.includes('message 5'));
      outer.scrollTop += (row?.getBoundingClientRect().top ?? 0) - outer.getBoundingClientRect().top - above;
    }, above);
    await ann.message('message 5').tap();
    const actions = page.getByRole('group', { name: 'Message actions' });
    await actions.getByRole('button', { name: 'React' }).tap();
    const inside = (outer: Element) =>
      [...outer.querySelectorAll('.td-action')].map((one) => {
        const { top, left, right, bottom } = one.getBoundingClientRect();
        const seen = outer.getBoundingClientRect();
        return top >= seen.top && bottom <= seen.bottom && left >= 0 && right <= innerWidth;
      });
    await expect(actions.getByRole('button')).toHaveCount(10);
    expect(await view.evaluate(inside), `${above} px`).toEqual(Array(10).fill(true));
    await actions.getByRole('button', { name: 'React' }).tap();
    await ann.message('message 8').tap();
  }
  await ann.close();
});

test('unsent text stays with its room, over a reload too', async ({ browser, server }) => {
  const setup = await Person.signIn(server.url, 'ann');
  await setup.createRoom('a', 'Alpha');
  await setup.createRoom('b', 'Beta');
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/a' });
  await ann.composer.fill('half a thought');
  await ann.row('Beta').click();
  await expect(ann.composer).toHaveValue('');
  await expect(ann.row('Alpha').locator('.td-row-text')).toHaveText('Draft: half a thought');
  await ann.page.reload();
  await ann.row('Alpha').click();
  await expect(ann.composer).toHaveValue('half a thought');
  await ann.composer.press('Enter');
  await expect(ann.message('half a thought')).toBeVisible();
  await ann.row('Beta').click();
  await expect(ann.row('Alpha').locator('.td-row-text')).toHaveText('You: half a thought');
  await ann.close();
});

test('nothing that is written becomes a script', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob', '<img src=x onerror=alert(1)>');
  await bob.createRoom('x', '<b>X</b>');
  const attacks = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '<svg/onload=alert(1)>',
    '![x](javascript:alert(1))',
    '"><iframe srcdoc="<script>alert(1)</script>">',
  ];
  await bob.say('x', ...attacks);
  await (await Person.signIn(server.url, 'ann')).join('x');
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/x' });
  ann.page.on('dialog', (dialog) => ann.errors.push(dialog.message()));
  await expect(ann.message('<script>alert(1)</script>').first()).toBeVisible();
  await expect(ann.messages).toHaveCount(attacks.length);
  expect(await ann.page.locator('.td-messages :is(script, img, iframe, svg:not(.td-icon))').count()).toBe(0);
  expect(await ann.page.locator('.td-messages a').count()).toBe(0);
  await ann.close();
});
