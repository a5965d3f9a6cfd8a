// `node tests/torture-wire.mjs`: nonsense to engines, and a million calls; see
// harness/torture-wire.ts. `npm run build` in this folder bundled it; it must not know what is
// said.
import { main } from './dist/torture-wire.mjs';

process.exitCode = await main(process.argv.slice(2));
