/** Loads the wasm module, once for all clients, when the first of them needs it. */
import { TidingsError } from './errors.js';
import { unpack } from './unpack.js';
import type * as CoreModule from './core.js';

/** Where the wasm comes from: its address, a response, its bytes, or the compiled module. */
export type WasmSource = string | URL | Request | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/** Gives the wasm when it is asked for it. */
export type WasmLoader = () => Promise<BufferSource | WebAssembly.Module>;

let loading: Promise<typeof CoreModule> | undefined;

/**
 * The module, ready to be used. A failure is forgotten, so that the next call tries again.
 *
 * @param loader gives the wasm; not asked when it is loaded already
 */
export function ready(loader: WasmLoader): Promise<typeof CoreModule> {
  loading ??= load(loader).catch((error: unknown) => {
    loading = undefined;
    throw wasmError(error);
  });
  return loading;
}

async function load(loader: WasmLoader): Promise<typeof CoreModule> {
  const [core, source] = await Promise.all([import('./core.js'), loader()]);
  await core.default({ module_or_path: source });
  return core;
}

/** The wasm that this package carries along as text: it works with every bundler and needs no request of its own. */
export const inlineWasm: WasmLoader = async () => {
  const { unpacker, default: packed } = await import('./wasm-inline.js');
  return unpack(unpacker, packed);
};

function wasmError(cause: unknown): TidingsError {
  const text = String(cause);
  return /Content Security Policy|unsafe-eval/i.test(text)
    ? new TidingsError('WASM_BLOCKED', "The page's Content-Security-Policy needs 'wasm-unsafe-eval' in script-src.", {
        cause,
      })
    : new TidingsError('WASM_FAILED', `The Tidings module could not be loaded: ${text}`, { cause });
}
