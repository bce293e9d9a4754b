// The package's hooks in apps of their own: the drop-in hooks for React under StrictMode, and the composables for Vue.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';
import { build } from 'vite';

import { converse } from '../support/conversation.js';
import { Site, install, notify, serverFor, token, uninstall } from '../support/example.js';
import { noteTexts } from '../support/seen.js';

const DROP_INS = `
import { StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { useChatWebSocket, useNotificationSSE } from '@tidings/client/react';

const query = new URLSearchParams(location.search);
const [server, user, token] = ['server', 'as', 'token'].map((name) => query.get(name) ?? '');

function App() {
  const chat = useChatWebSocket(server.replace('http', 'ws'), token);
  const { notifications, unreadCount, isConnected, error, markAsRead } = useNotificationSSE(server, user, token);
  useEffect(() => chat.joinRoom('general'), [chat.joinRoom]);
  return (
    <>
      <output id="state">{chat.isConnected && isConnected ? 'connected' : 'waiting'}</output>
      <output id="error">{chat.error ?? error}</output>
      <output id="participants">{chat.roomParticipants.join(' ')}</output>
      <output id="typing">{chat.typingUsers.join(' ')}</output>
      <output id="unread">{unreadCount}</output>
      <ol aria-label="Messages">{chat.messages.map((one) => <li key={one.messageId}>{one.content}</li>)}</ol>
      <ol aria-label="Notifications">
        {notifications.map((one) => <li key={one.id} onClick={() => markAsRead(one.id)}>{one.title}</li>)}
      </ol>
      <button onClick={() => chat.sendMessage('Hello')}>Send</button>
      <button onClick={() => chat.sendTypingIndicator(true)}>Type</button>
      <button onClick={() => chat.leaveRoom()}>Leave</button>
    </>
  );
}
createRoot(document.getElementById('root')!).render(<StrictMode><App /></StrictMode>);
`;

const VUE = `
import { createApp, h, ref } from 'vue';
import { TidingsClient } from '@tidings/client';
import { tidings, useConnection, useNotifications, useRoom } from '@tidings/client/vue';

const query = new URLSearchParams(location.search);
const [url, userId] = ['server', 'as'].map((name) => query.get(name) ?? '');
const getToken = async () => {
  const body = JSON.stringify({ userId });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url + '/api/v1/auth/login', { method: 'POST', headers, body });
  return (await answer.json()).token as string;
};

createApp({
  setup() {
    const { status } = useConnection();
    const { messages, send } = useRoom('general');
    const { notifications, unreadCount } = useNotifications();
    const text = ref('');
    const list = (label: string, items: string[]) => h('ol', { 'aria-label': label }, items.map((item) => h('li', item)));
    return () => [
      h('output', { id: 'state' }, status.value.state),
      h('output', { id: 'unread' }, unreadCount.value),
      list('Messages', messages.value.map((one) => one.senderId + ': ' + one.content)),
      list('Notifications', notifications.value.map((one) => one.title + ': ' + one.message)),
      h('input', {
        'aria-label': 'Message',
        value: text.value,
        onInput: (event: Event) => (text.value = (event.target as HTMLInputElement).value),
      }),
      h('button', { onClick: () => (send(text.value), (text.value = '')) }, 'Send'),
    ];
  },
})
  .use(tidings(new TidingsClient({ url, userId, getToken })))
  .mount('#root');
`;

/** An app whose only source is `source`, built and served. */
async function app(source: string): Promise<{ site: Site; close(): Promise<void> }> {
  const folder = await install('vite');
  await rm(join(folder, 'src/main.tsx'));
  await writeFile(join(folder, 'src/main.tsx'), source);
  await build({ root: folder, base: './', logLevel: 'error' });
  const site = await Site.of(join(folder, 'dist'));
  return {
    site,
    async close() {
      await site.close();
      await uninstall(folder);
    },
  };
}

test('the drop-in hooks for React chat and are notified', async ({ context }) => {
  const { site, close } = await app(DROP_INS);
  const server = await serverFor(site.url);
  const open = async (user: string) => {
    const page = await context.newPage();
    const query = new URLSearchParams({ as: user, server: server.url, token: token(user) });
    await page.goto(`${site.url}/?${query}`);
    await expect(page.locator('#state')).toHaveText('connected');
    return page;
  };
  try {
    const ann = await open('ann');
    await expect(ann.locator('#participants')).toHaveText('ann');
    const bob = await open('bob');
    await expect(ann.locator('#participants')).toHaveText('ann bob');
    const typing = await noteTexts(bob, '#typing');
    await ann.getByRole('button', { name: 'Type' }).click();
    await expect.poll(typing).toContain('ann');
    await ann.getByRole('button', { name: 'Send' }).click();
    await expect(bob.getByRole('list', { name: 'Messages' }).getByRole('listitem')).toHaveText(['Hello']);
    await notify(server, 'bob', 'Build', '');
    const notices = bob.getByRole('list', { name: 'Notifications' }).getByRole('listitem');
    await expect(notices).toHaveText(['Build']);
    await notices.first().click();
    await expect(bob.locator('#unread')).toHaveText('0');
    await ann.getByRole('button', { name: 'Leave' }).click();
    await expect(bob.locator('#participants')).toHaveText('bob');
    await expect(bob.locator('#error')).toBeEmpty();
  } finally {
    await Promise.all([server.dispose(), close()]);
  }
});

test('the composables for Vue chat and are notified', async ({ context }) => {
  const { site, close } = await app(VUE);
  const server = await serverFor(site.url);
  try {
    await converse(context, site.url, server);
  } finally {
    await Promise.all([server.dispose(), close()]);
  }
});
