// With seeded randomness and a stopped clock, main and side files are the same after every
// statement and after close as those native SQLite wrote in this run: so the twins agree too.
// Asynchronous handles show a file as it was last synced, so there that is what is compared.
import { deleteDatabase } from 'anchorite';
import { AssertionError, equal, ok, show } from '../page/assert';
import { oracle } from '../page/data';
import { diskState } from '../page/disk';
import { fetchJson } from '../page/home';
import { describe, test } from '../page/registry';

describe('twins');

interface Script {
  readonly id: string;
  readonly statements: readonly string[];
}

test('write the same files as native SQLite, statement by statement', async (t) => {
  const { twins } = await oracle();
  ok(Object.keys(twins).length > 0, 'scripts');
  const differences: string[] = [];
  for (const [id, native] of Object.entries(twins)) {
    const script = await fetchJson<Script>(`/tests/data/twins/${id}.json`);
    await deleteDatabase(native.database, t.options);
    const { seed, now } = native;
    const db = await t.open(native.database, { testHooks: { seed, now } });
    const expected = db.info.storage === 'opfs-async' ? native.synced : native.written;
    equal(script.statements.length, expected.length - 2, `statements of ${id}`);
    const compare = async (moment: number, when: string) => {
      const actual = await diskState(native.database);
      if (JSON.stringify(actual) === JSON.stringify(expected[moment])) return;
      const is = `is     ${show(actual)}\n  native ${show(expected[moment])}`;
      differences.push(`${id} ${when}:\n  ${is}`);
    };
    await compare(0, 'opened');
    for (const [index, statement] of script.statements.entries()) {
      await db.exec(statement);
      await compare(index + 1, `after ${statement.slice(0, 60)}`);
    }
    await db.close();
    await compare(expected.length - 1, 'closed');
  }
  if (differences.length > 0) throw new AssertionError(differences.slice(0, 6).join('\n'));
});
