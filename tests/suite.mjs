// `node tests/suite.mjs`: rusqlite's own tests in Chromium; see harness/suite.ts.
// `npm run build` in this folder bundled it; it must not know any test.
import { main } from './dist/suite.mjs';

process.exitCode = await main();
