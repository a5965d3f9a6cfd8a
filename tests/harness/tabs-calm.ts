// Tabs that work together while nobody is harmed: they count, keep a ledger, migrate a fresh
// database all at once, and are reloaded while they write. torture-tabs.ts calls each.
// It must not know how a browser is driven.
import type { TabOptions, Waits } from '../tabs-wire';
import { Wrong } from './tabs-score';
import type { TabsRun } from './torture-tabs';

const COUNTING_TABS = 4;
const MIGRATING_TABS = 8;
const RELOADED_TABS = 5;

/** Nobody may wait longer than this for a transaction. */
const WAIT_MAX_MS = 1000;

/** A tab that was reloaded must have written after this time. */
const RELOAD_MAX_MS = 5000;

/** For work that goes on for long. */
const PATIENCE_MS = 600_000;

/** What the WAL may grow to, and what is written while its oldest reader is at it. */
const WAL_MAX = 8 * 2 ** 20;
const WAL_SLACK = 2 ** 20;

/** So many tabs with names of their own. */
export async function tabsOf(run: TabsRun, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `${run.database}-${index}`);
  for (const name of names) await run.tabs.tab(name);
  return names;
}

/** Both builds take turns. */
export function options({ way }: TabsRun, index: number, busyTimeout?: number): TabOptions {
  const engine = index % 2 === 0 ? 'jspi' : 'asyncify';
  return { engine, sharing: way, ...(busyTimeout !== undefined && { busyTimeout }) };
}

async function openAll(run: TabsRun, names: readonly string[], folder?: string): Promise<void> {
  const entry = folder && `/broken/${folder}/index.js`;
  for (const [index, name] of names.entries()) {
    const { engine } = options(run, index);
    // A library that lacks something must come to the same way by itself.
    const asked = folder === undefined ? options(run, index) : { engine };
    const { sharing } = await run.tabs.open(name, run.database, asked, entry);
    if (sharing !== run.way) throw new Error(`tab ${name} has sharing ${sharing}`);
  }
}

/** From each tab: whole, and what it says to a question. */
async function lookFromEach(
  { tabs }: TabsRun,
  names: readonly string[],
  sql: string,
  expected: Record<string, unknown>,
): Promise<void> {
  for (const name of names) {
    const check = await tabs.rows(name, ['PRAGMA integrity_check']);
    const found = JSON.stringify(check);
    if (found !== '[{"integrity_check":"ok"}]') throw new Wrong('partial', `${name}: ${found}`);
    const [row] = await tabs.rows(name, [sql]);
    const [now, due] = [JSON.stringify(row), JSON.stringify(expected)];
    if (now !== due) throw new Wrong('lost', `tab ${name} sees ${now} instead of ${due}`);
  }
}

const COUNTER = `CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0);
  CREATE TABLE unique_row (who, i, body TEXT UNIQUE, PRIMARY KEY (who, i))`;

/** Each tab increments one counter: no increment may be lost. */
export async function count(run: TabsRun): Promise<void> {
  await countWith(run, run.scale.transactions);
}

/** The same where the library lacks something; `folder` says what (files.ts). */
export async function countWithout(run: TabsRun, folder: string): Promise<void> {
  await countWith(run, Math.ceil(run.scale.transactions / 10), folder);
  run.score.count('mishaps');
}

async function countWith(run: TabsRun, transactions: number, folder?: string): Promise<void> {
  const { tabs, score } = run;
  const names = await tabsOf(run, COUNTING_TABS);
  await openAll(run, names, folder);
  await tabs.rows(names[0] ?? '', [COUNTER]);
  await Promise.all(
    names.map(async (name, who) => {
      const waits = await tabs.ask(name, { type: 'count', who, transactions }, PATIENCE_MS);
      score.waits(run.where, 'transaction', waits as Waits);
    }),
  );
  score.count('transactions', transactions * names.length);
  const due = transactions * names.length;
  const sql = `SELECT n, (SELECT count(*) FROM unique_row) AS rows,
    (SELECT count(DISTINCT body) FROM unique_row) AS bodies FROM counter`;
  await lookFromEach(run, names, sql, { n: due, rows: due, bodies: due });
}

const LEDGER = `CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
  INSERT INTO account WITH RECURSIVE a(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM a LIMIT 100)
    SELECT id, 0 FROM a;
  CREATE TABLE entry (id INTEGER PRIMARY KEY, who INTEGER, body TEXT)`;

/** Two tabs move money and two look: every snapshot balances, nobody waits for long. */
export async function ledger(run: TabsRun): Promise<void> {
  const { tabs, score, scale, where } = run;
  const [first = '', second = '', third = '', fourth = '', eye = ''] = await tabsOf(run, 5);
  await openAll(run, [first, second, third, fourth]);
  await tabs.rows(first, [LEDGER]);
  const milliseconds = scale.ledgerSeconds * 1000;
  const waits = async (tab: string, what: 'writer' | 'reader', who: number) => {
    const audit = { type: 'audit', milliseconds } as const;
    const request = what === 'writer' ? ({ ...audit, type: 'transfer', who } as const) : audit;
    const seen = (await tabs.ask(tab, request, PATIENCE_MS)) as Waits;
    score.waits(where, what, seen);
    score.count(what === 'writer' ? 'transactions' : 'reads', seen.count);
    return seen;
  };
  const sizes = { type: 'sizes', file: `${run.database}-wal`, milliseconds } as const;
  const [wal, ...all] = await Promise.all([
    tabs.ask(eye, sizes, PATIENCE_MS),
    waits(first, 'writer', 0),
    waits(second, 'writer', 1),
    waits(third, 'reader', 2),
    waits(fourth, 'reader', 3),
  ]);
  score.figure(where, 'WAL max KiB', Number(wal) / 1024);
  const written = (all[0]?.count ?? 0) + (all[1]?.count ?? 0);
  score.figure(where, 'writes/s', written / scale.ledgerSeconds);
  const reads = (all[2]?.count ?? 0) + (all[3]?.count ?? 0);
  score.figure(where, 'reads/s', reads / scale.ledgerSeconds);
  await lookFromEach(run, [first, second, third, fourth], 'SELECT count(*) AS n FROM entry', {
    n: written,
  });
  const worst = Math.max(...all.map(({ max }) => max));
  if (scale.judgesWaits && worst > WAIT_MAX_MS) {
    throw new Wrong('stuck', `somebody waited ${Math.round(worst)} ms`);
  }
  if (Number(wal) > WAL_MAX + WAL_SLACK) throw new Wrong('failed', `the WAL grew to ${wal} bytes`);
}

/** What an application does at its start: once, whoever comes first. */
const MIGRATION = [
  ['BEGIN IMMEDIATE'],
  ['CREATE TABLE IF NOT EXISTS migration (version INTEGER)'],
  ['INSERT INTO migration SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM migration)'],
  ['CREATE TABLE IF NOT EXISTS visit (tab TEXT)'],
  ['COMMIT'],
] as const;

/** All tabs open a database that is not there yet, and migrate it. */
export async function migrate(run: TabsRun): Promise<void> {
  const { tabs, score, scale } = run;
  const names = await tabsOf(run, MIGRATING_TABS);
  for (let round = 0; round < scale.migrations; round++) {
    const database = `${run.database}-${round}`;
    await Promise.all(
      names.map(async (name, index) => {
        const { milliseconds } = await tabs.open(name, database, options(run, index));
        score.figure(run.where, 'open ms', milliseconds);
        const visit = ['INSERT INTO visit VALUES (?)', name] as const;
        await tabs.rows(name, ...MIGRATION, visit);
      }),
    );
    const sql = 'SELECT (SELECT count(*) FROM migration) AS m, count(DISTINCT tab) AS n FROM visit';
    await lookFromEach(run, names, sql, { m: 1, n: names.length });
    for (const name of names) await tabs.ask(name, { type: 'close' });
    score.count('migrations');
  }
}

/** Each tab is reloaded again and again while the others write. */
export async function reload(run: TabsRun): Promise<void> {
  const { tabs, score, scale } = run;
  const names = await tabsOf(run, RELOADED_TABS);
  const again = async (name: string, index: number) => {
    const began = performance.now();
    await tabs.open(name, run.database, options(run, index, PATIENCE_MS));
    await tabs.rows(
      name,
      ['CREATE TABLE IF NOT EXISTS visit (tab TEXT, n INTEGER)'],
      ['INSERT INTO visit SELECT ?, count(*) FROM visit WHERE tab = ?', name, name],
    );
    const took = performance.now() - began;
    score.figure(run.where, 'open and write ms', took);
    if (!scale.judgesWaits || took <= RELOAD_MAX_MS) return;
    score.trouble(run.where, new Wrong('stuck', `${name} wrote after ${Math.round(took)} ms`));
  };
  await Promise.all(
    names.map(async (name, index) => {
      await again(name, index);
      for (let turn = 0; turn < scale.reloads; turn++) {
        await tabs.reload(name);
        await again(name, index);
        score.count('reloads');
      }
    }),
  );
  const due = names.length * (scale.reloads + 1);
  const sql = 'SELECT count(DISTINCT tab || n) AS n FROM visit';
  await lookFromEach(run, names, sql, { n: due });
}
