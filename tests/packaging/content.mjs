// What is in the package: each file by name, but for source maps, and for the types of modules,
// which follow those that the entries name. Called by run.mjs.

/** Every other file. Whoever adds one thinks of who has to download it. */
export const CONTENT = [
  'LICENSE-APACHE',
  'LICENSE-MIT',
  'README.md',
  'dist/anchorite.asyncify.wasm',
  'dist/anchorite.wasm',
  'dist/blob.js',
  'dist/bulk.js',
  'dist/changesets.js',
  'dist/copy.js',
  'dist/core.js',
  'dist/cursor.js',
  'dist/functions.js',
  'dist/given.js',
  'dist/in-place.js',
  'dist/index.js',
  'dist/live.js',
  'dist/local.js',
  'dist/migrations.js',
  'dist/node.js',
  'dist/owned.js',
  'dist/serve.js',
  'dist/shared.js',
  'dist/sizes.js',
  'dist/source.js',
  'dist/worker.js',
  'llms.txt',
  'package.json',
];

/** The files that are not source maps or types. */
export function named(files) {
  return files.filter((file) => !/\.(?:js\.map|d\.ts)$/.test(file)).sort();
}

/** Source maps without a script, and scripts without a source map. */
export function withoutCounterpart(files) {
  const maps = files.filter((file) => file.endsWith('.map')).map((file) => file.slice(0, -4));
  const scripts = files.filter((file) => file.endsWith('.js'));
  return [
    ...maps.filter((script) => !scripts.includes(script)),
    ...scripts.filter((script) => !maps.includes(script)),
  ];
}
