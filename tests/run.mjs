// `node tests/run.mjs`: runs the browser tests that `npm run build` in this folder bundled.
// The options are those of harness/options.ts; it must not know any test.
import { main } from './dist/harness.mjs';

process.exitCode = await main(process.argv.slice(2));
