// Check 2 of docs/security.md: a page of another origin gets nothing out of a cookie, in a real browser.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Page } from '@playwright/test';

import { Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';

/** A page on a port, and so of an origin, of its own. */
async function elsewhere(): Promise<{ port: number; close: () => void }> {
  const server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html><title>x</title>'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** Whether a WebSocket to the server opens from this page, and what an event stream and a request get. */
function attempts(page: Page, url: string): Promise<{ socket: string; stream: string; write: string }> {
  return page.evaluate(async (to) => {
    const socket = await new Promise<string>((done) => {
      const opened = new WebSocket(`${to.replace('http', 'ws')}/ws/chat`);
      opened.onopen = () => done('open');
      opened.onclose = () => done('refused');
    });
    const stream = await new Promise<string>((done) => {
      const opened = new EventSource(`${to}/api/v1/notifications/stream/ann`, { withCredentials: true });
      opened.onopen = () => done('open');
      opened.onerror = () => done('refused');
    });
    // Simple enough to be sent without a preflight; its answer cannot be read.
    const write = await fetch(`${to}/api/v1/auth/ticket`, { method: 'POST', credentials: 'include', mode: 'no-cors' })
      .then((answer) => answer.type)
      .catch(() => 'refused');
    return { socket, stream, write };
  }, url);
}

test('s02 another origin opens nothing with the cookie of somebody who is signed in', async ({ page, server }) => {
  await Person.signIn(server.url, 'ann', 'Ann');
  await page.goto(`${server.url}/healthz`);
  const signedIn = await page.evaluate(async () => {
    const json = { 'content-type': 'application/json' };
    const made = await fetch('/api/v1/auth/login', { method: 'POST', headers: json, body: JSON.stringify({ userId: 'ann' }) });
    const { token } = (await made.json()) as { token: string };
    const kept = await fetch('/api/v1/auth/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    return [kept.status, document.cookie] as const;
  });
  expect(signedIn, 'the cookie is out of reach for scripts').toEqual([204, '']);
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', value: expect.stringMatching(/^ey/) });
  expect(await attempts(page, server.url), 'the own page').toMatchObject({ socket: 'open', stream: 'open' });

  const other = await elsewhere();
  // The first is of the same site, so that the browser does send the cookie along; the second is not.
  for (const host of ['127.0.0.1', 'localhost']) {
    await page.goto(`http://${host}:${other.port}/`);
    const got = await attempts(page, server.url);
    expect(got, host).toMatchObject({ socket: 'refused', stream: 'refused' });
    expect(['opaque', 'refused'], host).toContain(got.write);
  }
  other.close();
});
