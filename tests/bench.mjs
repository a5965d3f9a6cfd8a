// `node tests/bench.mjs [chromium] [firefox] [webkit]`: what the twin costs; see harness/bench.ts.
import { main } from './dist/bench.mjs';

process.exitCode = await main(process.argv.slice(2));
