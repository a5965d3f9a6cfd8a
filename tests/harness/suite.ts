// `node tests/suite.mjs`: rusqlite's own tests in Chromium, in memory and on files in OPFS.
// `cargo xtask suite` calls it. Leaves target/suite/results.json; the last line sums up. It must
// not know any test.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SuiteRequest } from '../suite/wire';
import { withLoneSession } from './lone';
import { ROOT } from './options';
import { withProfiles } from './profiles';
import { print } from './report';

/** More than tests open databases. */
const FILES = 600;
const SUITE_MS = 10 * 60_000;

/** What the runner of wasm-bindgen says of one test. */
const LINE = /^test (\S+) \.\.\. (ok|FAIL|ignored)(?:, (.*))?$/;

/** What must fail on files, since it asks whether the database is in memory. */
const OF_MEMORY: Readonly<Record<string, string>> = {
  'test::test_pragma_query_row': 'wants the journal mode "memory"',
  'trace::test::trace_v2': 'wants a database without a name',
};

interface Result {
  readonly storage: SuiteRequest['storage'];
  readonly test: string;
  readonly outcome: string;
  readonly reason?: string | undefined;
}

export async function main(): Promise<number> {
  const results: Result[] = [];
  await withProfiles(async (profiles) => {
    for (const storage of ['memory', 'opfs'] as const) {
      results.push(...(await runOn(storage, profiles)));
    }
  });
  writeFileSync(join(ROOT, 'target/suite/results.json'), JSON.stringify(results, null, 1));
  return summary(results);
}

async function runOn(storage: SuiteRequest['storage'], profiles: string): Promise<Result[]> {
  return await withLoneSession('chromium', join(profiles, storage), async (session) => {
    const request = { storage, files: FILES };
    const outcome = await session.command({ type: 'suite', request }, SUITE_MS);
    if (!outcome.ok) throw new Error(outcome.message);
    const lines = outcome.value as string[];
    const results = lines.flatMap((line) => {
      const [, test, said, reason] = LINE.exec(line) ?? [];
      return test === undefined ? [] : [{ storage, test, outcome: said ?? '', reason }];
    });
    if (results.some(isWrong)) print(lines.join('\n'));
    return results;
  });
}

function isWrong({ storage, test, outcome }: Result): boolean {
  const must = storage === 'opfs' && OF_MEMORY[test] !== undefined ? 'FAIL' : 'ok';
  return outcome !== must && outcome !== 'ignored';
}

function summary(results: readonly Result[]): number {
  const count = (storage: string, outcome: string) =>
    results.filter((result) => result.storage === storage && result.outcome === outcome).length;
  const parts = (['memory', 'opfs'] as const).map((storage) => {
    const passed = count(storage, 'ok');
    return `${storage} ${passed} of ${passed + count(storage, 'FAIL')}`;
  });
  for (const [test, reason] of Object.entries(OF_MEMORY)) print(`not on files: ${test}, ${reason}`);
  const wrong = results.filter(isWrong).length;
  print(
    `rusqlite: ${parts.join(', ')}, ${count('opfs', 'ignored')} excluded upstream, ${wrong} wrong`,
  );
  return wrong === 0 && count('opfs', 'ok') > 0 ? 0 : 1;
}
