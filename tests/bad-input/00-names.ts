// Names that cannot be databases are refused before anything is touched.
import { deleteDatabase, importDatabase, open } from 'anchorite';
import { rejects, show } from '../page/assert';
import { chinook } from '../page/data';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('bad name', SAME_IN_SYNC);

const BAD: readonly unknown[] = [
  '',
  '.',
  '..',
  '../a',
  'a/..',
  'a/../b',
  'a/./b',
  'a//b',
  '/a',
  'a/',
  '/',
  'x'.repeat(600),
  `${'d/'.repeat(400)}a`,
  'a-wal',
  'a-journal',
  'a-shm',
  'dir/a.db-wal',
  'a\0b',
  'a\uD800b',
  undefined,
  null,
  5,
  {},
];

test('is refused by open', async (t) => {
  for (const name of BAD as string[]) {
    const label = show(name).slice(0, 40);
    await rejects(open(name, t.options), { code: 'INVALID_NAME', message: /./ }, label);
  }
});

test('is refused by import and delete', async (t) => {
  const bytes = await chinook();
  for (const name of ['', 'a/../b', 'a-wal', 'a\0b', undefined] as string[]) {
    const label = show(name);
    await rejects(importDatabase(name, bytes, t.options), { code: 'INVALID_NAME' }, label);
    await rejects(deleteDatabase(name, t.options), { code: 'INVALID_NAME' }, label);
  }
});

test('says what is wrong with it', async (t) => {
  await rejects(open('a/../b', t.options), { message: /a\/\.\.\/b.*\.\./s });
  await rejects(open('a-wal', t.options), { message: /-wal/ });
});
