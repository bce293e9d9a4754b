// The server's own signs of life, and what the fixtures promise the other tests.
import { expect, test } from '../support/fixtures.js';

test('a fresh server is alive and ready', async ({ request }) => {
  expect((await request.get('/healthz')).status()).toBe(200);
  expect((await request.get('/readyz')).status()).toBe(200);
});

test('a killed server comes back on the same port with what it had', async ({ request, server }) => {
  const address = server.url;
  await server.kill();
  await expect(request.get('/healthz')).rejects.toThrow('ECONNREFUSED');
  await server.start();
  expect(server.url).toBe(address);
  expect((await request.get('/healthz')).status()).toBe(200);
});

test('a server told to stop ends by itself and in order', async ({ server }) => {
  expect(await server.stop()).toBe(0);
});

test('a cut link lets nothing through until it is mended', async ({ link, request }) => {
  expect((await request.get(`${link.url}/healthz`)).status()).toBe(200);
  link.cut();
  await expect(request.get(`${link.url}/healthz`)).rejects.toThrow('ECONNRESET');
  link.mend();
  expect((await request.get(`${link.url}/healthz`)).status()).toBe(200);
});
