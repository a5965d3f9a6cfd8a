// The entry of the package for Node, Deno and Bun: the same names, with an engine in place that
// keeps databases in memory, or in a directory. Made for the tests of apps, and for rendering on
// servers. Chosen by the condition `node` of package.json, and as `anchorite/node`.

import { pid } from 'node:process';
import { bringLocal } from '../client.js';
import { tellBy } from '../commits.js';
import { setPlace } from '../context.js';
import { Channel } from './channel.js';
import * as engine from './engine.js';
import { useDirectory } from './place.js';

export * from '../index.js';

setPlace({ context: 'node', page: `process ${pid}` });
tellBy(Channel as unknown as typeof BroadcastChannel);
bringLocal(engine);

/**
 * Keeps databases in a directory from now on, where a browser keeps them in OPFS:
 * `open('notes.db')` is the file `notes.db` in it, an ordinary SQLite database. The directory is
 * made when it is needed. What is open already stays where it is.
 *
 * One process at a time has a database, by a lock file in `.anchorite/locks`; while another one has
 * it, `open` waits up to `busyTimeout` and then rejects with `SQLITE_BUSY`, which names it. Throws
 * `INVALID_OPTION` for what is not a path.
 */
export function setDirectory(path: string): void {
  useDirectory(path);
  bringLocal(engine);
}
