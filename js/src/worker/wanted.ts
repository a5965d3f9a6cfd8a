// The word to other contexts that a lock is waited for: its holder may only keep it because nobody
// seemed to want it, or be of an older version and in the way altogether. Said by busy.ts, and by
// engine.ts before an open; heard by engine.ts. It must not know what a lock is for.
//
// Nobody relies on it: a lock that is leased is given back after 10 ms all the same, and a context
// that was alone with a database gives way when it next has something to do, or has nothing to do.
// Without BroadcastChannel nothing is said, and whoever holds a lock looks for those who wait.

/** The name of the channel, for all versions: a message is a `Wanted`. */
const CHANNEL = 'anchorite:wanted';

/** What is said. */
export interface Wanted {
  /** Its path. */
  readonly database: string;
  /** By which whoever wants it shares databases. */
  readonly protocol: number;
}

/** How often those who wait are looked for where they cannot say so, in ms. */
const LOOK_MS = 100;

/** The names of the locks of databases that are shared, as vfs/src/sharing.rs makes them. */
const LOCK = /^anchorite:(?:attached|shared:\d+:\w+):(.+)$/s;

const canSay = typeof BroadcastChannel === 'function';

let opened: BroadcastChannel | undefined;

/** One for all engines of this context, so that none of them hears itself. */
function channel(): BroadcastChannel {
  opened ??= new BroadcastChannel(CHANNEL);
  return opened;
}

/** Says that a lock of a database is waited for. */
export function sayWanted(wanted: Wanted): void {
  if (canSay) {
    channel().postMessage(wanted);
  }
}

/** Calls back when another context waits for a lock, whichever database it is of. */
export function onWanted(tell: (wanted: Wanted) => void): void {
  if (canSay) {
    channel().addEventListener('message', ({ data }: MessageEvent<Wanted>) => tell(data));
  } else {
    setInterval(() => look(tell), LOOK_MS);
  }
}

/** The name of the lock by which contexts take turns. */
const TURN = /^anchorite:attached:(.+)$/s;

/**
 * This context has waited for a lock and got it. If that is a turn, calls back if others go on
 * waiting: they have told the one who had it before.
 */
export async function lookBehind(lock: string, tell: (wanted: Wanted) => void): Promise<void> {
  const database = TURN.exec(lock)?.[1];
  if (database === undefined) {
    return;
  }
  const { held = [], pending = [] } = await navigator.locks.query();
  const own = held.find(({ name }) => name === lock)?.clientId;
  if (pending.some(({ name, clientId }) => name === lock && clientId !== own)) {
    tell({ database, protocol: 0 });
  }
}

/** Of another version it is not known what it speaks. */
async function look(tell: (wanted: Wanted) => void): Promise<void> {
  const { pending = [] } = await navigator.locks.query();
  const names = pending.map(({ name = '' }) => LOCK.exec(name)?.[1]);
  for (const database of new Set(names)) {
    if (database !== undefined) {
      tell({ database, protocol: 0 });
    }
  }
}
