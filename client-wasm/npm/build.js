// Builds the typed face into dist, beside the wasm parts that `tidings-xtask sdk-core` puts there.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { minify } from 'terser';

const here = fileURLToPath(new URL('.', import.meta.url));
const common = {
  absWorkingDir: here,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
};

// The core and the inlined wasm stay files of their own: they are loaded when a client first connects.
const lazy = ['./core.js', './wasm-inline.js'];

await Promise.all([
  build({ ...common, entryPoints: ['src/index.ts', 'src/slim.ts'], outdir: 'dist', external: lazy }),
  // The hooks stand on the same classes as the app's own imports.
  build({
    ...common,
    entryPoints: ['src/react/index.ts'],
    outdir: 'dist/react',
    external: ['react', '../index.js'],
    banner: { js: '"use client";' },
  }),
  build({ ...common, entryPoints: ['src/vue/index.ts'], outdir: 'dist/vue', external: ['vue', '../index.js'] }),
]);

// The bindings come with comments and long names, and with ways in that the face does not take.
await build({
  absWorkingDir: here,
  stdin: { contents: "export { default, Core } from './dist/core.js';", resolveDir: here },
  outfile: 'dist/core.js',
  allowOverwrite: true,
  bundle: true,
  minify: true,
  // Fields of the bindings' own objects.
  mangleProps: /^__/,
  format: 'esm',
  logLevel: 'warning',
});

for (const name of ['index', 'slim', 'core']) await shrink(name);

// What pages put together is the module, byte for byte.
const unpacker = await build({ ...common, entryPoints: ['src/unpack.ts'], write: false, sourcemap: false });
const { unpack } = await import(`data:text/javascript,${encodeURIComponent(unpacker.outputFiles[0].text)}`);
const { unpacker: small, default: packed } = await import('./dist/wasm-inline.js');
if (!(await readFile(`${here}dist/tidings_bg.wasm`)).equals(await unpack(small, packed))) {
  throw new Error('xtask/src/pack/unpack.wat does not give the module that xtask/src/pack.rs took apart');
}

execFileSync('npx', ['--no-install', 'tsc', '--emitDeclarationOnly'], { cwd: here, stdio: 'inherit' });

// Goes over what esbuild leaves: a twentieth less.
async function shrink(name) {
  const path = `${here}dist/${name}.js`;
  const map = await readFile(`${path}.map`, 'utf8').catch(() => undefined);
  const small = await minify(await readFile(path, 'utf8'), {
    module: true,
    ecma: 2020,
    // None of these functions is a constructor or asks how many parameters it has.
    compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true, keep_fargs: false },
    sourceMap: map && { content: map, url: `${name}.js.map` },
  });
  await writeFile(path, small.code);
  if (map) await writeFile(`${path}.map`, small.map);
}
