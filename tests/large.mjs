// `node tests/large.mjs`: large databases with little Wasm memory; see harness/large.ts.
// `npm run build` in this folder bundled it; it must not know any stage.
import { main } from './dist/large.mjs';

process.exitCode = await main(process.argv.slice(2));
