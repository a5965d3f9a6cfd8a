// A stranger's page: opens a database, looks at what earlier visits have left, leaves something,
// and shows what it found as the attribute `data-outcome` of its body. browser.mjs reads that.
import { open } from 'anchorite';
import * as blob from 'anchorite/blob';
import * as changesets from 'anchorite/changesets';
import * as live from 'anchorite/live';
import { migrate } from 'anchorite/migrations';

const query = new URL(location.href).searchParams;

async function visit() {
  const { own, ...options } = JSON.parse(query.get('options'));
  const worker = () => new Worker(new URL('./own-worker.js', import.meta.url), { type: 'module' });
  const db = await open(query.get('database'), own ? { ...options, worker } : options);
  await migrate(db, ['CREATE TABLE visit (at TEXT NOT NULL)']);
  const visits = await db.get('SELECT count(*) FROM visit', [], { rows: 'scalar' });
  await db.run('INSERT INTO visit VALUES (?)', [new Date().toISOString()]);
  const { engine, context, sharing } = db.info;
  const twice = own && (await db.get('SELECT twice(21)', [], { rows: 'scalar' }));
  await db.close();
  const entries = [blob, changesets, live].every((entry) => Object.keys(entry).length > 0);
  return { visits, engine, context, sharing, entries, twice, isolated: crossOriginIsolated };
}

function show(outcome) {
  document.body.dataset.outcome = JSON.stringify(outcome);
}

visit().then(show, (error) => show({ error: `${error.code}: ${error.message}` }));
