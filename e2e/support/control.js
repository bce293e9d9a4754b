// Runs a command beside a small HTTP service through which tests that live in a browser get servers of their own:
//
//   node control.js wasm-pack test --headless --chrome client-wasm
//
//   POST   /servers            { options?: string[], way?: 'no-sockets' | 'only-polls' } → 201 { id, url }; the caller's
//                              origin is an allowed one; `way` puts a narrow network in front of the server
//   POST   /servers/ID/widen   the network lets everything through from now on
//   POST   /servers/ID/kill    SIGKILL, as in a crash
//   POST   /servers/ID/stop    SIGTERM: drains
//   POST   /servers/ID/start   on the same port and database as before
//   DELETE /servers/ID
//
// It listens on 127.0.0.1:8731 (TIDINGS_CONTROL_PORT) and ends, with all its servers, when the command ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { Narrow } from './narrow.js';
import { Server } from './server.js';

const PORT = Number(process.env.TIDINGS_CONTROL_PORT ?? 8731);
const ANY_PAGE = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST, DELETE',
  'access-control-allow-headers': 'content-type',
};

/** @type {Map<string, Server>} */
const servers = new Map();
/** @type {Map<string, Narrow>} */
const networks = new Map();
let lastId = 0;

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<{ status: number, body?: unknown }>}
 */
async function answer(request) {
  const [, kind, id, action] = (request.url ?? '').split('/');
  if (request.method === 'OPTIONS') return { status: 204 };
  if (kind !== 'servers') return { status: 404 };
  if (request.method === 'POST' && !id) return { status: 201, body: await launch(request) };
  const server = servers.get(id ?? '');
  if (!server) return { status: 404 };
  if (request.method === 'DELETE') {
    servers.delete(id ?? '');
    await networks.get(id ?? '')?.dispose();
    networks.delete(id ?? '');
    await server.dispose();
  } else if (action === 'widen') networks.get(id ?? '')?.widen();
  else if (action === 'kill') await server.kill();
  else if (action === 'stop') await server.stop();
  else if (action === 'start') await server.start();
  else return { status: 404 };
  return { status: 204 };
}

/** @param {import('node:http').IncomingMessage} request */
async function launch(request) {
  let text = '';
  for await (const part of request) text += part;
  const { options = [], way } = text ? JSON.parse(text) : {};
  const origin = request.headers.origin ? ['--allowed-origins', request.headers.origin] : [];
  const server = await Server.launch([...origin, ...options]);
  const id = String(++lastId);
  servers.set(id, server);
  if (!way) return { id, url: server.url };
  const network = await Narrow.before(server.url, way);
  networks.set(id, network);
  return { id, url: network.url };
}

const service = createServer((request, response) => {
  answer(request)
    .catch((/** @type {Error} */ error) => ({ status: 500, body: { error: error.message } }))
    .then(({ status, body }) => {
      response.writeHead(status, { ...ANY_PAGE, 'content-type': 'application/json' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
});

async function main() {
  const [program, ...args] = process.argv.slice(2);
  if (!program) throw new Error('which command? node control.js COMMAND ARGUMENT...');
  service.listen(PORT, '127.0.0.1');
  await once(service, 'listening');
  const command = spawn(program, args, { stdio: 'inherit' });
  const [code] = await once(command, 'exit');
  if (code !== 0) for (const [id, server] of servers) console.error(`-- log of server ${id}:\n${server.log}`);
  await Promise.all([...servers.values()].map((server) => server.dispose()));
  process.exit(code ?? 1);
}

main().catch((error) => {
  console.error(`control: ${error.message}`);
  process.exit(1);
});
