// What comes by the connection while an answer is on its way is newer than the answer, and stays.
import { App, Person, WITH_SECRET } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { hold, type Held } from '../support/held.js';

test.use({ serverOptions: WITH_SECRET });

test('a notification that comes while the list is on its way is in it, and counted once', async ({ browser, server }) => {
  const service = await Person.service(server.url, 'notify');
  let list: Held | undefined;
  const ann = await App.open(browser, server.url, 'ann', {
    before: async (page) => {
      list = await hold(page, '**/api/v1/notifications?*');
    },
  });
  await list?.given;
  await service.notify('ann', 'Deploy finished', '');
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');
  list?.release();
  await ann.bell.click();
  await expect(ann.page.getByRole('dialog').getByRole('listitem')).toHaveText([/Deploy finished/]);
  await expect(ann.bell).toHaveAccessibleName('Notifications, 1 unread');
  await ann.close();
});

test('what is changed and said while history is on its way is shown', async ({ browser, server }) => {
  const bob = await Person.signIn(server.url, 'bob');
  await bob.createRoom('hall', 'Hall');
  await (await Person.signIn(server.url, 'ann')).join('hall');
  const [first] = await bob.say('hall', 'helo');
  const messageId = first?.data.messageId;
  const ann = await App.open(browser, server.url, 'ann');
  await expect(ann.row('Hall')).toContainText('helo');
  const history = await hold(ann.page, '**/api/v1/rooms/hall/messages?*');
  await ann.row('Hall').click();
  await history.given;
  await bob.frames([
    { type: 'EDIT_MESSAGE', roomId: 'hall', messageId, content: 'hello' },
    { type: 'REACT', roomId: 'hall', messageId, emoji: '👍' },
    { type: 'CHAT_MESSAGE', roomId: 'hall', content: 'is anybody there?' },
  ]);
  await expect(ann.row('Hall')).toContainText('is anybody there?');
  history.release();
  await expect(ann.messages).toHaveCount(2);
  await expect(ann.messages.first()).toContainText('hello');
  await expect(ann.messages.first().getByRole('button', { name: /👍.*1/ })).toBeVisible();
  await ann.close();
});
