// A server that is neither a browser nor Node: `open` says so. run.mjs runs it in Node, which takes
// the file for browsers here.
import assert from 'node:assert/strict';
import { open, SqliteError } from './node_modules/anchorite/dist/index.js';

await assert.rejects(open(':memory:'), (error) => {
  assert.ok(error instanceof SqliteError);
  assert.equal(error.code, 'OPFS_UNAVAILABLE');
  return true;
});
