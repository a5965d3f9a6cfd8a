// Another process that has a database. Started by directory.mjs, which says in what way.
import { once } from 'node:events';
import { open, setDirectory } from 'anchorite/node';

const [, , directory, work] = process.argv;
setDirectory(directory);

async function inside(body) {
  const db = await open('b.db', { busyTimeout: 60_000 });
  await body(db);
  await db.close();
}

switch (work) {
  case 'hold':
    await inside(async () => {
      process.stdout.write('held');
      await once(process.stdin.resume(), 'end');
    });
    break;
  case 'transaction':
    await inside(async (db) => {
      await db.exec('BEGIN; INSERT INTO a VALUES (4)');
      process.stdout.write('inside');
      await once(process.stdin.resume(), 'end');
    });
    break;
  case 'count':
    for (let turn = 0; turn < 4; turn += 1) {
      await inside((db) => db.run('INSERT INTO a VALUES (5)'));
    }
    break;
}
