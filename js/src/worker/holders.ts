// Who has a database open, for the error of those who could not have it. Used by host.ts, which
// announces, and engine.ts, which asks. It must not know what a lock is for.
//
// The name of a lock that is never waited for says it:
//
//   anchorite-open:1:<database> <protocol> <sharing> <context> <since> <page>
//
// It is held by the context that holds the database's other locks, which is how they are matched.

import type { Context, Holder, Sharing } from '../protocol.js';

const OPEN = 'anchorite-open:1:';

/** What is announced. */
export interface Announcement {
  readonly sharing: Sharing;
  readonly context: Context;
  /** The path of the page that uses the engine; empty if many do. */
  readonly page: string;
  /** By which it shares databases. */
  readonly protocol: number;
}

/** Says who has a database open, until what it returns is called; that resolves when it is over. */
export function announce(database: string, about: Announcement): () => Promise<void> {
  const { sharing, context, page, protocol } = about;
  const since = new Date().toISOString();
  const name = `${OPEN}${database} ${protocol} ${sharing} ${context} ${since} ${page}`;
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const held = navigator.locks?.request(name, { mode: 'shared' }, () => ended);
  // Without it an error says less, and nothing else changes.
  const over = held?.catch(() => undefined);
  return async () => {
    end();
    await over;
  };
}

/** In words, who holds a lock of a database; nothing if nobody does any more. */
export async function whoHolds(lock: string, database: string): Promise<string | undefined> {
  const { held = [] } = await navigator.locks.query();
  const holders = held.filter(({ name }) => name === lock).map(({ clientId }) => clientId);
  const announced = held
    .filter(({ clientId }) => holders.includes(clientId))
    .flatMap(({ name = '' }) => describe(name, database));
  return announced.length === 0 ? undefined : [...new Set(announced)].join('; ');
}

/** What the locks are for whose names an engine gives, in its order. */
const LABELS = ['database', 'checkpoint', 'write', ...[0, 1, 2, 3, 4].map((n) => `read ${n}`)];

/** Who holds which of these locks of a database. */
export async function holdersOf(locks: readonly string[], database: string): Promise<Holder[]> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.flatMap(({ name = '', clientId }) => {
    const lock = LABELS[locks.indexOf(name)];
    const announced = held.filter((other) => other.clientId === clientId);
    const words = announced.flatMap((other) => describe(other.name ?? '', database));
    return lock === undefined ? [] : [{ lock, who: words.join('; ') || 'somebody unknown' }];
  });
}

function describe(lock: string, database: string): string[] {
  const prefix = `${OPEN}${database} `;
  if (!lock.startsWith(prefix)) {
    return [];
  }
  const [protocol, sharing, context, since, ...page] = lock.slice(prefix.length).split(' ');
  const kind = context === 'node' ? 'the' : 'the page';
  const where = page.join('') !== '' ? `${kind} ${page.join(' ')}` : 'the owner of all pages';
  return [`${where} (${context}, sharing "${sharing}", protocol ${protocol}, since ${since})`];
}
