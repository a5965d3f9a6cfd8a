// An access handle that somebody else has for a moment: a worker that was terminated while it was
// busy keeps its handles for about 2 s in Chromium, and its lock may be free before them.
import { equal } from '../page/assert';
import { handleOf } from '../page/disk';
import { withFaults } from '../page/faults';
import { describe, test } from '../page/registry';

describe('busy handle');

const INSIDE = { contexts: ['inside'] } as const;

/** TypeScript gives workers alone what only they have. */
interface WithHandles {
  createSyncAccessHandle(): Promise<{ close(): void }>;
}

/** Opens a handle, and gives it back at the sixth time that one is asked for. */
async function hold(path: string): Promise<(call: string) => undefined> {
  const file = (await handleOf(path, true)) as unknown as WithHandles;
  const handle = await file.createSyncAccessHandle();
  let asked = 0;
  return (call) => {
    if (call === 'FileSystemFileHandle.createSyncAccessHandle' && ++asked === 6) handle.close();
    return undefined;
  };
}

test('is waited for at an open', INSIDE, async (t) => {
  const first = await t.open();
  await first.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await first.close();
  for (const ending of ['', '-wal']) {
    const release = await hold(t.name() + ending);
    const rows = await withFaults(release, async () => {
      const db = await t.open();
      const found = await db.query('SELECT b FROM a');
      await db.close();
      return found;
    });
    equal(rows, [{ b: 1 }], `beside a busy ${t.name()}${ending}`);
  }
});

test('is waited for at an ATTACH', INSIDE, async (t) => {
  const other = await t.open(t.name('other'));
  await other.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await other.close();
  const db = await t.open();
  const release = await hold(t.name('other'));
  await withFaults(release, () => db.query('ATTACH ? AS other', [t.name('other')]));
  equal(await db.query('SELECT b FROM other.a'), [{ b: 1 }]);
  await db.exec('DETACH other');
});
