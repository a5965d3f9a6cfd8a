// Tabs that work together while nobody is harmed: they count, keep a ledger, migrate a fresh
// database all at once, and are reloaded while they write. torture-tabs.ts calls each.
// It must not know how a browser is driven.
import { setTimeout as delay } from 'node:timers/promises';
import type { Insisted, TabOptions, Waits } from '../tabs-wire';
import { Wrong } from './tabs-score';
import type { TabsRun } from './torture-tabs';

const COUNTING_TABS = 4;
const MIGRATING_TABS = 8;
const RELOADED_TABS = 5;

/** Nobody may wait longer than this for a transaction. */
const WAIT_MAX_MS = 1000;

/** A tab that was reloaded must have written after this time. */
const RELOAD_MAX_MS = 5000;

/** How long a tab waits for others where waits are not judged: less than a command may take. */
const BUSY_MS = 20_000;

/** A newer version comes so long after older ones have begun to write. */
const AMID_MAX_MS = 200;

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
export function options(run: TabsRun, index: number, busyTimeout?: number): TabOptions {
  const engine = index % 2 === 0 ? 'jspi' : 'asyncify';
  const patience = busyTimeout ?? (run.scale.judgesWaits ? undefined : BUSY_MS);
  const limit = patience !== undefined && { busyTimeout: patience };
  const entry = run.folder !== undefined && { entry: `/broken/${run.folder}/index.js` };
  return { engine, sharing: run.way, ...limit, ...entry };
}

/** Whether the library is told how to share the database, or must come to it. */
type Choice = 'told' | 'by itself';

async function openAll(run: TabsRun, names: readonly string[], choice: Choice): Promise<void> {
  for (const [index, name] of names.entries()) {
    const told = options(run, index);
    const { sharing: _, ...others } = told;
    const asked = choice === 'told' ? told : others;
    const { sharing } = await run.tabs.open(name, run.database, asked);
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
  await countWith(run, run.scale.transactions, 'told');
}

/** A tenth of that, with a library that lacks something; its folder says what (files.ts). */
export async function countIn(run: TabsRun, choice: Choice): Promise<void> {
  await countWith(run, Math.ceil(run.scale.transactions / 10), choice);
  run.score.count('mishaps');
}

async function countWith(run: TabsRun, transactions: number, choice: Choice): Promise<void> {
  const { tabs, score } = run;
  const names = await tabsOf(run, COUNTING_TABS);
  await openAll(run, names, choice);
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
  await openAll(run, [first, second, third, fourth], 'told');
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

/** Two versions of the library, by the numbers of their protocols. */
const OLDER = 1;
const NEWER = 2;

/** A newer version must have a database open after this time, whatever an older one does. */
const NEWER_MAX_MS = 5000;

/** After a deployment: two tabs of an older version write, and two of a newer one come. */
export async function versions(run: TabsRun): Promise<void> {
  const { tabs, score, scale, where, random } = run;
  const names = await tabsOf(run, 4);
  const [olds, news] = [names.slice(0, 2), names.slice(2)];
  for (let round = 0; round < scale.migrations; round++) {
    const database = `${run.database}-${round}`;
    const open = (name: string, index: number, protocol: number) =>
      tabs.open(name, database, { ...options(run, index), protocol });
    for (const [index, name] of olds.entries()) await open(name, index, OLDER);
    await tabs.rows(olds[0] ?? '', ['CREATE TABLE visit (who, i)']);
    const ends = olds.map((name, who) => tabs.ask(name, { type: 'insist', who }));
    // They are looked at last, or never where something else is wrong.
    for (const end of ends) end.catch(() => undefined);
    await delay(random() * AMID_MAX_MS);
    await Promise.all(
      news.map(async (name, index) => {
        const { milliseconds } = await open(name, index, NEWER);
        score.figure(where, 'newer open ms', milliseconds);
        const late = scale.judgesWaits && milliseconds > NEWER_MAX_MS;
        if (late) throw new Wrong('stuck', `the newer one waited ${Math.round(milliseconds)} ms`);
        await tabs.rows(name, ['INSERT INTO visit VALUES (?, 0)', olds.length + index]);
      }),
    );
    const counts: number[] = [];
    for (const end of ends) {
      const { count, code } = (await end) as Insisted;
      if (code !== 'OUTDATED') throw new Error(`an older one ended with ${code}`);
      counts.push(count);
    }
    await lookAtVisits(run, news, counts);
    for (const name of names) await tabs.ask(name, { type: 'close' });
    score.count('mishaps');
  }
}

/** Of each older tab there is what was acknowledged, and at most the row that was under way. */
async function lookAtVisits(
  { tabs }: TabsRun,
  names: readonly string[],
  counts: readonly number[],
): Promise<void> {
  const sql = 'SELECT who, count(*) AS n FROM visit GROUP BY who ORDER BY who';
  for (const name of names) {
    const rows = await tabs.rows(name, [sql]);
    const found = new Map(rows.map((row) => [row['who'], Number(row['n'])]));
    for (const [who, due] of [...counts, 1, 1].entries()) {
      const n = found.get(who) ?? 0;
      const most = who < counts.length ? due + 1 : due;
      if (n < due || n > most) throw new Wrong('lost', `${n} rows of ${who} instead of ${due}`);
    }
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
