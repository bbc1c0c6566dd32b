// Builds dist/kineska.mjs, one file: reading the thousand small files of the libraries would take
// longer than the gateway may take to start. Native modules, and the package that is run by its
// path, stay outside.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

await build({
  entryPoints: { kineska: 'src/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: true,
  logLevel: 'warning',
  external: ['@node-rs/crc32', '@mongodb-js/zstd', 'lz4-napi', 'dynamodb-local', 'cbor-extract'],
  define: { KINESKA_VERSION: JSON.stringify(version) },
  banner: {
    js: [
      '#!/usr/bin/env -S node --min-semi-space-size=8',
      "import { createRequire as makeRequire } from 'node:module';",
      "import { fileURLToPath as toPath } from 'node:url';",
      "import { dirname as folderOf } from 'node:path';",
      'const require = makeRequire(import.meta.url);',
      'const __filename = toPath(import.meta.url);',
      'const __dirname = folderOf(__filename);',
    ].join('\n'),
  },
});

// What programs import: `kineska` and `kineska/partitioners`.
const libraries = { library: 'src/library.ts', partitioners: 'src/partitioners.ts' };
await build({
  entryPoints: libraries,
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  logLevel: 'warning',
});
const declarations = ['--declaration', '--emitDeclarationOnly', '--outDir', 'dist'];
const options = ['--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--skipLibCheck'];
const lib = ['--lib', 'es2023,esnext.disposable'];
execFileSync(process.execPath, [
  ...['node_modules/typescript/bin/tsc', ...Object.values(libraries), '--ignoreConfig'],
  ...[...declarations, ...options, ...lib, '--allowImportingTsExtensions'],
]);
