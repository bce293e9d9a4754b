// Chat and notifications with React. Open it as `?as=ann` and, in another window, as `?as=bob`.
import { StrictMode, useState, type FormEvent } from 'react';
import { createRoot } from 'react-dom/client';

import { TidingsClient } from '@tidings/client';
import { TidingsProvider, useConnection, useNotifications, useRoom } from '@tidings/client/react';

const query = new URLSearchParams(location.search);
const url = query.get('server') ?? 'http://127.0.0.1:8080';
const userId = query.get('as') ?? 'ann';

/** The server's development sign-in; a real app asks its own backend for the user's token. */
async function getToken(): Promise<string> {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId }),
  });
  return ((await answer.json()) as { token: string }).token;
}

const client = new TidingsClient({ url, userId, getToken });

function Chat() {
  const { state } = useConnection();
  const { messages, members, typingText, send, setTyping } = useRoom('general');
  const [text, setText] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text) send(text);
    setText('');
  };
  return (
    <main>
      <h1>General</h1>
      <p>
        <output id="state">{state}</output> · {members.length} here · {typingText}
      </p>
      <ol aria-label="Messages">
        {messages.map((message) => (
          <li key={message.key} style={{ opacity: message.state === 'sent' ? 1 : 0.6 }}>
            {message.senderId}: {message.content}
          </li>
        ))}
      </ol>
      <form onSubmit={submit}>
        <input
          aria-label="Message"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setTyping(true);
          }}
        />
        <button>Send</button>
      </form>
    </main>
  );
}

function Notifications() {
  const { notifications, unreadCount, markAllRead } = useNotifications();
  return (
    <aside>
      <h2>
        Notifications (<output id="unread">{unreadCount}</output>)
      </h2>
      <button onClick={() => void markAllRead()}>Mark all read</button>
      <ol aria-label="Notifications">
        {notifications.map(({ id, title, message }) => (
          <li key={id}>
            {title}: {message}
          </li>
        ))}
      </ol>
    </aside>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <TidingsProvider client={client}>
      <Chat />
      <Notifications />
    </TidingsProvider>
  </StrictMode>,
);
