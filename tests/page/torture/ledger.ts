// What tabs do together while nobody is harmed: they count, move money and check the balance, each
// call noting how long it had to wait. tab.ts calls it. It must not know how a database is shared.
import type { Database } from 'anchorite';
import type { Insisted, Waits } from '../../tabs-wire';

/** The accounts of the ledger; their balances add up to nothing. */
const ACCOUNTS = 100;

const BODY = 1800;

/** Increments the counter so many times, each with a row that no other transaction writes. */
export async function count(db: Database, who: number, transactions: number): Promise<Waits> {
  return await timed((i) => i < transactions, async (i) => {
    await db.exec('BEGIN IMMEDIATE; UPDATE counter SET n = n + 1');
    await db.query('INSERT INTO unique_row VALUES (?, ?, ?)', [who, i, bodyOf(who, i)]);
    await db.exec('COMMIT');
  });
}

function bodyOf(who: number, i: number): string {
  return `${who} ${i} `.repeat(BODY).slice(0, BODY);
}

/** Moves money for so long, and looks that no transaction is older than the one before. */
export async function transfer(db: Database, who: number, milliseconds: number): Promise<Waits> {
  const end = performance.now() + milliseconds;
  let last = 0;
  return await timed(() => performance.now() < end, async (i) => {
    const [from, to] = [(i * 7 + who) % ACCOUNTS, (i * 13 + 3 * who + 1) % ACCOUNTS];
    await db.exec(`BEGIN IMMEDIATE;
      UPDATE account SET balance = balance - ${i} WHERE id = ${from};
      UPDATE account SET balance = balance + ${i} WHERE id = ${to}`);
    await db.query('INSERT INTO entry (who, body) VALUES (?, ?)', [who, bodyOf(who, i)]);
    const [row] = await db.query<{ n: number }>('SELECT max(id) AS n FROM entry');
    await db.exec('COMMIT');
    last = after(last, row?.n ?? 0, 1);
  });
}

/** Reads for so long: every snapshot must balance, and none be older than the one before. */
export async function audit(db: Database, milliseconds: number): Promise<Waits> {
  const end = performance.now() + milliseconds;
  let last = 0;
  return await timed(() => performance.now() < end, async () => {
    await db.exec('BEGIN');
    const [ledger] = await db.query<{ sum: number }>('SELECT sum(balance) AS sum FROM account');
    const [row] = await db.query<{ n: number | null }>('SELECT max(id) AS n FROM entry');
    const [again] = await db.query<{ sum: number }>('SELECT sum(balance) AS sum FROM account');
    await db.exec('COMMIT');
    if (ledger?.sum !== 0 || again?.sum !== 0) {
      throw new Error(`out of balance: ${ledger?.sum}, ${again?.sum} after ${row?.n} entries`);
    }
    last = after(last, row?.n ?? 0, 0);
  });
}

/** Puts in one row after the other, until it may no more. */
export async function insist(db: Database, who: number): Promise<Insisted> {
  for (let count = 0; ; count++) {
    try {
      await db.query('INSERT INTO visit VALUES (?, ?)', [who, count]);
    } catch (error) {
      return { count, code: String((error as { code?: unknown }).code) };
    }
  }
}

/** What is seen may not be older than what was seen before. */
function after(last: number, now: number, least: number): number {
  if (now < last + least) throw new Error(`went backwards from entry ${last} to ${now}`);
  return now;
}

async function timed(
  goesOn: (i: number) => boolean,
  once: (i: number) => Promise<void>,
): Promise<Waits> {
  const waits: number[] = [];
  for (let i = 0; goesOn(i); i++) {
    const asked = performance.now();
    await once(i);
    waits.push(performance.now() - asked);
  }
  waits.sort((a, b) => a - b);
  const at = (share: number) => waits[Math.floor((waits.length - 1) * share)] ?? 0;
  return { count: waits.length, p99: at(0.99), max: at(1) };
}
