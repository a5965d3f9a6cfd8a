// A stranger's page: opens a database, looks at what earlier visits have left, leaves something,
// and shows what it found as the attribute `data-outcome` of its body. browser.mjs reads that.
import { open } from 'anchorite';
import * as blob from 'anchorite/blob';
import * as changesets from 'anchorite/changesets';
import * as live from 'anchorite/live';
import { migrate } from 'anchorite/migrations';

const query = new URL(location.href).searchParams;

async function visit() {
  const db = await open(query.get('database'), JSON.parse(query.get('options')));
  await migrate(db, ['CREATE TABLE visit (at TEXT NOT NULL)']);
  const visits = await db.get('SELECT count(*) FROM visit', [], { rows: 'scalar' });
  await db.run('INSERT INTO visit VALUES (?)', [new Date().toISOString()]);
  const { engine, context, sharing } = db.info;
  await db.close();
  const entries = [blob, changesets, live].every((entry) => Object.keys(entry).length > 0);
  return { visits, engine, context, sharing, entries, isolated: crossOriginIsolated };
}

function show(outcome) {
  document.body.dataset.outcome = JSON.stringify(outcome);
}

visit().then(show, (error) => show({ error: `${error.code}: ${error.message}` }));
