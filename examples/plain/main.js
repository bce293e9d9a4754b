// Chat and notifications on a page without a build step. Open it as `?as=ann` and, in another window, as `?as=bob`.
import { TidingsClient } from '@tidings/client';

const query = new URLSearchParams(location.search);
const url = query.get('server') ?? 'http://127.0.0.1:8080';
const userId = query.get('as') ?? 'ann';

/** The server's development sign-in; a real page asks its own backend for the user's token. */
async function getToken() {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId }),
  });
  return (await answer.json()).token;
}

const client = new TidingsClient({ url, userId, getToken });
const room = client.room('general');
const element = (id) => document.getElementById(id);

client.status.subscribe(({ state }) => (element('state').value = state));
room.messages.subscribe((messages) =>
  element('messages').replaceChildren(
    ...messages.map(({ senderId, content, state }) => item(`${senderId}: ${content}`, state === 'sent' ? '' : 'waits')),
  ),
);
room.typing.subscribe((users) => (element('typing').value = users.length > 0 ? `${users.join(', ')} typing…` : ''));
client.notifications.unreadCount.subscribe((count) => (element('unread').value = count));
client.notifications.list.subscribe((list) =>
  element('notifications').replaceChildren(...list.map(({ title, message }) => item(`${title}: ${message}`))),
);

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = element('text');
  if (text.value) room.send(text.value);
  text.value = '';
});
element('text').addEventListener('input', () => client.sendTypingIndicator('general', true));

function item(text, className = '') {
  const li = document.createElement('li');
  li.textContent = text;
  li.className = className;
  return li;
}

room.open();
await Promise.all([client.connect(), client.notifications.connect()]);
