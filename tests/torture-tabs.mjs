// `node tests/torture-tabs.mjs [--sample] [--part x] [--seed n] [--engines …] [--sharing …]
// [--only …]`: the torture of tabs that `npm run build` in this folder bundled; see
// harness/torture-tabs.ts.
import { main } from './dist/torture-tabs.mjs';

process.exitCode = await main(process.argv.slice(2));
