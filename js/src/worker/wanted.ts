// The word to other contexts that a lock is waited for: its holder may only keep it because nobody
// seemed to want it. Said by busy.ts, heard by engine.ts. It must not know what a lock is for.
//
// Nobody relies on it: a lock that is leased is given back after 10 ms all the same, and a context
// that was alone with a database gives way when it next has something to do.

/** The name of the channel: a message is the path of a database. The number is of its protocol. */
const CHANNEL = 'anchorite:wanted:1';

let opened: BroadcastChannel | undefined;

/** One for all engines of this context, so that none of them hears itself. */
function channel(): BroadcastChannel {
  opened ??= new BroadcastChannel(CHANNEL);
  return opened;
}

/** Says that a lock of a database is waited for. */
export function sayWanted(database: string): void {
  channel().postMessage(database);
}

/** Calls back when another context has said so, whichever database it is. */
export function onWanted(tell: (database: string) => void): void {
  channel().addEventListener('message', ({ data }: MessageEvent<string>) => tell(data));
}
