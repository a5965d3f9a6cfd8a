// Proves that the linter sees an un-awaited `db.close()`: the fixture must fail, and by that rule.
// Run by `npm run lint`.

import { spawnSync } from 'node:child_process';

const rule = 'noFloatingPromises';
const { status, stdout, stderr } = spawnSync('npx', ['biome', 'lint', 'lint-fixture'], {
  encoding: 'utf8',
});
if (status === 0 || !`${stdout}${stderr}`.includes(rule)) {
  throw new Error(`the linter did not find the un-awaited promise (${rule}):\n${stdout}${stderr}`);
}
