// Live queries hear of what other tabs commit, in every way of sharing a database.
import type { Sharing } from 'anchorite';
import { live } from 'anchorite/live';
import { equal } from '../page/assert';
import type { Hooked, TestContext } from '../page/context';
import { describe, IN_TABS, SUSPENDING, test } from '../page/registry';
import { Tab } from '../page/tabs';

describe('live in tabs', IN_TABS);

/** Where several tabs can have a database open. */
const TABS = { contexts: ['worker'] } as const;

const TRIGGER = 'CREATE TRIGGER t AFTER INSERT ON b BEGIN INSERT INTO a VALUES (1); END';

async function follows(t: TestContext, sharing: Sharing | undefined): Promise<void> {
  const options: Hooked = sharing === undefined ? {} : { sharing };
  const db = await t.open(t.name(), options);
  const other = await (await Tab.make(t)).open(t.name(), { engine: t.cell.twin, ...options });
  await db.exec('CREATE TABLE a (i); CREATE VIRTUAL TABLE words USING fts5 (text)');
  const count = 'SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM words)';
  const rows = live(db, count, [], { rows: 'scalar' })[Symbol.asyncIterator]();
  equal((await rows.next()).value, [0]);
  const steps: [string, number][] = [
    ['INSERT INTO a VALUES (1)', 1],
    ["INSERT INTO words VALUES ('one'), ('two')", 3],
    ['DELETE FROM a', 2],
    [`CREATE TABLE b (i); ${TRIGGER}`, 2],
    ['INSERT INTO b VALUES (1)', 3],
  ];
  for (const [sql, expected] of steps) {
    await other.exec(sql);
    if (!sql.startsWith('CREATE')) equal((await rows.next()).value, [expected], sql);
  }
  await rows.return?.();
}

test('as the browser shares files', TABS, (t) => follows(t, undefined));
test('through an owner', TABS, (t) => follows(t, 'owner'));
test('in turns', { ...TABS, ...SUSPENDING }, (t) => follows(t, 'hand-over'));

/** Only where tabs share files can one attach what another has open. */
const SHARED = { ...TABS, browsers: ['chromium'] } as const;

test('and of what they commit to attached files', SHARED, async (t) => {
  const [db, file] = [await t.open(), t.name('attached')];
  const other = await (await Tab.make(t)).open(file, { engine: t.cell.twin });
  await other.exec('CREATE TABLE far (i); INSERT INTO far VALUES (1)');
  await db.exec(`ATTACH '${file}' AS far`);
  const rows = live(db, 'SELECT i FROM far', [], { rows: 'scalar' })[Symbol.asyncIterator]();
  equal((await rows.next()).value, [1]);
  for (const i of [2, 3]) {
    await other.exec(`UPDATE far SET i = ${i}`);
    equal((await rows.next()).value, [i]);
  }
  await rows.return?.();
  await db.exec('DETACH far');
});
