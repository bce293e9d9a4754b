// Who is in a room, as the others see it.
import { App, Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';

test('the people of a public room are those who have not left it, whoever comes back, and over a lost connection', async ({
  browser,
  server,
  link,
}) => {
  const owner = await Person.signIn(server.url, 'ann');
  await owner.createRoom('lab', 'Lab');
  await (await Person.signIn(server.url, 'bob')).join('lab');
  const ann = await App.open(browser, link.url, 'ann', { hash: '#room/lab' });
  const bob = await App.open(browser, server.url, 'bob', { hash: '#room/lab' });
  const about = ann.page.locator('.td-room-sub');
  await expect(about).toHaveText('2 members · 2 here');
  // The panel stays open from room to room.
  await bob.page.getByRole('button', { name: 'Details', exact: true }).click();
  const leave = async () => {
    await bob.page.getByRole('button', { name: 'Leave room' }).click();
    await bob.page.getByRole('dialog').getByRole('button', { name: 'Leave room' }).click();
    await expect(bob.row('Lab')).toHaveCount(0);
  };
  const comeBack = async () => {
    await bob.page.getByRole('button', { name: 'Browse rooms' }).first().click();
    await bob.page.getByRole('dialog').getByRole('button', { name: /Lab/ }).click();
    await expect(bob.page.getByRole('heading', { level: 1, name: 'Lab' })).toBeVisible();
  };
  // Who has not looked at the people is told their number all the same.
  await leave();
  await expect(about).toHaveText('1 member · 1 here');
  await comeBack();
  await expect(about).toHaveText('2 members · 2 here');

  await ann.page.getByRole('button', { name: 'Details', exact: true }).click();
  const people = ann.page.locator('.td-person');
  const title = ann.page.locator('#td-people');
  await expect(people).toHaveText([/ann \(you\)/, /bob/]);
  await expect(title).toHaveText('2 people, 2 online');
  await leave();
  await expect(people).toHaveText([/ann \(you\)/]);
  await expect(title).toHaveText('1 person, 1 online');
  await expect(about).toHaveText('1 member · 1 here');
  await comeBack();
  await expect(people).toHaveText([/ann \(you\)/, /bob/]);
  await expect(about).toHaveText('2 members · 2 here');

  link.cut();
  await leave();
  link.mend();
  await expect(people).toHaveText([/ann \(you\)/], { timeout: 40_000 });
  await expect(about).toHaveText('1 member · 1 here');
  await ann.close();
  await bob.close();
});

test('the people of a private room are those who are let in, and not who was put out', async ({ browser, server }) => {
  const owner = await Person.signIn(server.url, 'ann');
  await owner.createRoom('vault', 'Vault', 'private', ['bob']);
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/vault' });
  const bob = await App.open(browser, server.url, 'bob', { hash: '#room/vault' });
  await expect(ann.page.locator('.td-room-sub')).toHaveText('2 members · 2 here');
  await ann.page.getByRole('button', { name: 'Details', exact: true }).click();
  const people = ann.page.locator('.td-person');
  await expect(people).toHaveText([/ann \(you\)/, /bob/]);
  await owner.call('DELETE', '/api/v1/rooms/vault/members/bob');
  await expect(people).toHaveText([/ann \(you\)/]);
  await expect(ann.page.locator('.td-room-sub')).toHaveText('1 member · 1 here');
  await owner.call('PUT', '/api/v1/rooms/vault/members/bob');
  await expect(people).toHaveText([/ann \(you\)/, /bob/]);

  // Of somebody who is not there no frame tells.
  await ann.page.getByRole('button', { name: 'Add people' }).click();
  const dialog = ann.page.getByRole('dialog', { name: 'Add people' });
  await dialog.getByLabel('Name').fill('cleo');
  await dialog.getByRole('button', { name: /cleo/ }).click();
  await expect(people).toHaveText([/ann \(you\)/, /bob/, /cleo/]);
  await ann.close();
  await bob.close();
});

test('people whom the server cannot name for now are asked for again, and nobody is troubled', async ({ browser, server }) => {
  await (await Person.signIn(server.url, 'bob')).createRoom('vault', 'Vault', 'private', ['ann']);
  const ann = await App.open(browser, server.url, 'ann', { hash: '#room/vault' });
  const busy = { type: 'about:blank', title: 'Busy', status: 503, code: 'UNAVAILABLE', retryAfterMs: 100 };
  await ann.page.route(
    '**/vault/members?*',
    (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(busy) }),
    { times: 2 },
  );
  await ann.page.getByRole('button', { name: 'Details', exact: true }).click();
  await expect(ann.page.locator('.td-person')).toHaveText([/ann \(you\)/, /bob/]);
  await expect(ann.page.locator('.td-toast')).toHaveCount(0);
  await ann.close();
});
