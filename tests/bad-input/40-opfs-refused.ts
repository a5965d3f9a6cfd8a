// OPFS missing or refused: open() rejects with a code of its own, and never falls back to memory.
import { deleteDatabase, importDatabase, listDatabases, open } from 'anchorite';
import { equal, match, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { chinook } from '../page/data';
import { describe, test } from '../page/registry';

describe('OPFS refused');

const CODE = { code: 'OPFS_UNAVAILABLE' } as const;

async function everythingSaysSo(t: TestContext): Promise<void> {
  await rejects(open(t.name(), t.options), CODE, 'open');
  await rejects(listDatabases(t.options), CODE, 'list');
  await rejects(deleteDatabase(t.name(), t.options), CODE, 'delete');
  await rejects(importDatabase(t.name(), await chinook(), t.options), CODE, 'import');
}

test('every call says so in such a browser', { launch: 'refused' }, everythingSaysSo);

test('memory asked for by name works there', { launch: 'refused' }, async (t) => {
  const db = await t.open(':memory:');
  equal(await db.query('SELECT 1 AS a'), [{ a: 1 }]);
  equal(db.info.storage, 'memory');
});

const IN_PLACE = { contexts: ['window', 'inside'] } as const;

test('an error says how it was refused', IN_PLACE, async (t) => {
  const refusal = new DOMException('not for you', 'SecurityError');
  const { prototype } = StorageManager;
  const real = prototype.getDirectory;
  prototype.getDirectory = () => Promise.reject(refusal);
  try {
    const error = await rejects(open(t.name(), t.options), CODE);
    match(`${error.message} ${String(error['cause'])}`, /SecurityError.*not for you/);
    await everythingSaysSo(t);
  } finally {
    prototype.getDirectory = real;
  }
});
