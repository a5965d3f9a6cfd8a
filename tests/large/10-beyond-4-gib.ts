// Offsets of more than 32 bits, in a database that is a hole for the most part.
import { describe, test } from '../page/registry';
import { expectSparseWorks } from '../page/large/sparse-sql';

describe('beyond 4 GiB');

test('rows are written and read', { contexts: ['inside'], twins: ['jspi'] }, async (t) => {
  return await expectSparseWorks(t.name(), (name) => t.open(name));
});
