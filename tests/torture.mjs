// `node tests/torture.mjs [--sample] [--seed n] [--engines …] [--workers n] [--browsers n]`: the
// kill campaign that `npm run build` in this folder bundled; see harness/torture.ts.
import { main } from './dist/torture.mjs';

process.exitCode = await main(process.argv.slice(2));
