// A real server on a free loopback port with a database of its own, which a test may kill and start again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
const binary = process.env.TIDINGS_SERVER_BIN ?? join(target, 'debug/tidings-server');

/** How long a server may take to become ready or to end, in milliseconds. */
const PATIENCE = 20_000;
/** How much of its log is kept, in characters. */
const LOG_KEPT = 200_000;
/** A signed token: three parts, the first of them JSON. None may stand in a log (check 5 of docs/security.md). */
const TOKEN = /eyJ[\w-]{15,}\.[\w-]{15,}\.[\w-]{15,}/;

/** A server process that stands on one port for its whole life, over several starts. */
export class Server {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #process;
  #log = '';
  #leaked = false;
  #port;
  #folder;
  #options;

  /**
   * @param {number} port
   * @param {string} folder
   * @param {readonly string[]} options
   */
  constructor(port, folder, options) {
    this.#port = port;
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Starts a server on a free port with an empty database.
   *
   * @param {readonly string[]} options more arguments for `tidings-server serve --dev`
   */
  static async launch(options = []) {
    const folder = await mkdtemp(join(tmpdir(), 'tidings-e2e-'));
    const server = new Server(await freePort(), folder, options);
    await server.start();
    return server;
  }

  /** Its address, without a slash at the end. */
  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What it has written to its log, all starts together; the newest part of it when it is long. */
  get log() {
    return this.#log;
  }

  /** Starts it, on the same port and database as before, and waits until it is ready. */
  async start() {
    if (this.#process) throw new Error('the server is already running');
    const args = ['serve', '--dev', '--listen', `127.0.0.1:${this.#port}`, '--metrics-listen', '127.0.0.1:0'];
    args.push('--database-url', `sqlite://${join(this.#folder, 't.db')}`, ...this.#options);
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const note = (/** @type {Buffer} */ text) => {
      this.#log = (this.#log + text).slice(-LOG_KEPT);
      this.#leaked ||= TOKEN.test(this.#log);
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    this.#process = child;
    await this.#ready(child);
  }

  /** Ends it without a warning (SIGKILL), as a crash would. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** Lets it drain and end (SIGTERM), and gives its exit code. */
  async stop() {
    return this.#end('SIGTERM');
  }

  /** Ends it if it runs, and removes its database. */
  async dispose() {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
    if (this.#leaked) throw new Error(`a token stands in the server's log:\n${this.#log}`);
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    const child = this.#process;
    if (!child) return undefined;
    this.#process = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) });
    child.kill(signal);
    const [code] = await ended;
    return /** @type {number | null} */ (code);
  }

  /** @param {import('node:child_process').ChildProcess} child */
  async #ready(child) {
    /** @type {Error | undefined} */
    let failed;
    child.once('error', (error) => {
      failed = new Error(`cannot start ${binary}: ${error.message}. Type \`./x test-e2e\`, which builds it.`);
    });
    child.once('exit', (code, signal) => {
      failed ??= new Error(`the server ended at its start (${signal ?? code}):\n${this.#log}`);
    });
    const deadline = Date.now() + PATIENCE;
    while (Date.now() < deadline) {
      if (failed) throw failed;
      if (await answers(`${this.url}/readyz`)) return;
    }
    child.kill('SIGKILL');
    throw new Error(`the server was not ready within ${PATIENCE} ms:\n${this.#log}`);
  }
}

/** @param {string} url */
async function answers(url) {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    // Nothing listens yet; a refused connection answers at once, so the caller must not spin.
    await new Promise((done) => setTimeout(done, 25));
    return false;
  }
}

/** Ports below those that the system gives to outgoing connections: nobody takes one while its server is down. */
const PORTS = { from: 12_000, count: 7_993 };
let nextPort = process.pid * 61;

/** A port that is free. */
export async function freePort() {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = PORTS.from + (nextPort % PORTS.count);
    nextPort += 7;
    const probe = createServer();
    const taken = await new Promise((resolve) => {
      probe.once('error', () => resolve(true));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(false)));
    });
    if (!taken) return port;
  }
  throw new Error('no port is free');
}
