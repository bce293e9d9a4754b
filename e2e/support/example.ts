// An example with the packed npm package inside, as an app that has installed it, and a server that lets its page in.
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';

import { Server, freePort } from './server.js';

const e2e = resolve(import.meta.dirname, '..');
const npm = resolve(e2e, '../client-wasm/npm');
/** Signs the tokens of the servers that examples talk to. */
const SECRET = 'a secret that only test servers know, of 32 bytes and more';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.css': 'text/css',
};

/** A copy of an example with the tarball installed in it; everything else it needs is installed beside the tests. */
export async function install(example: string): Promise<string> {
  const tarball = (await readdir(npm)).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error('no tarball in client-wasm/npm: type `./x sdk`');
  const work = join(e2e, '.work');
  await mkdir(work, { recursive: true });
  const folder = await mkdtemp(join(work, `${example}-`));
  const source = resolve(e2e, '../examples', example);
  await cp(source, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  const home = join(folder, 'node_modules/@tidings/client');
  await mkdir(home, { recursive: true });
  execFileSync('tar', ['-xzf', join(npm, tarball), '-C', home, '--strip-components=1']);
  return folder;
}

/** Removes what {@link install} made. */
export async function uninstall(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Serves a folder's files on a loopback port. */
export class Site {
  private constructor(
    private readonly server: HttpServer,
    /** The site's address. */
    readonly url: string,
  ) {}

  static async of(folder: string): Promise<Site> {
    const server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://site').pathname);
      const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
      readFile(file).then(
        (body) => response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(body),
        () => response.writeHead(404).end(),
      );
    });
    const port = await freePort();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Site(server, `http://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** A server that lets a site's page in. */
export function serverFor(site: string, options: string[] = []): Promise<Server> {
  return Server.launch(['--allowed-origins', site, '--jwt-secret', SECRET, ...options]);
}

/** Sends a notification as a service would. */
export async function notify(server: Server, userId: string, title: string, message: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/notifications/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token('service', 'notify')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ userId, title, message, type: 'test' }),
  });
  if (!answer.ok) throw new Error(`the notification was refused: ${await answer.text()}`);
}

/** A token as the servers' issuer makes it. */
export function token(sub: string, scope?: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub, exp, scope })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
