// The locks of a directory: each is a file that holds who has it, so they exclude other processes,
// too. Of `navigator.locks` what an engine in place uses. Used by globals.ts. It must not know what
// a lock is for.
//
//   <directory>/.anchorite/locks/<sha256 of the name>.lock       {name, pid, started, host}
//
// taken      by O_EXCL, which one process alone is granted
// given up   by removing the file
// stale      its process is gone, or another process has its number now: such a file is removed by
//            whoever has its `.takeover`, made by O_EXCL as well, after another look at it; so
//            nobody removes a lock that was taken meanwhile
// kept       if it cannot be read, or is of another host, whose processes cannot be seen: no lock
//            is ever stolen

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** How often a lock that somebody has is asked for again, in ms. */
const PAUSE_MS = 50;

/** Who has a lock. */
interface Holder {
  readonly name: string;
  readonly pid: number;
  /** When the process began, in the words of the system; empty where it does not say. */
  readonly started: string;
  readonly host: string;
}

interface Request {
  readonly ifAvailable?: boolean;
  readonly signal?: AbortSignal;
}

interface Held {
  readonly name: string;
  readonly mode: 'exclusive';
  readonly clientId: string;
}

/** All locks are held alone: nothing that runs in place shares one. */
export class DirectoryLocks {
  readonly #folder: string;

  constructor(directory: string) {
    this.#folder = join(directory, '.anchorite', 'locks');
  }

  /** Calls back with the lock, or with null if it is not to be had now; holds it meanwhile. */
  async request<T>(
    name: string,
    options: Request | (() => T),
    callback?: (lock: { readonly name: string } | null) => T,
  ): Promise<Awaited<T>> {
    const work = callback ?? (options as () => T);
    const { ifAvailable = false, signal } = callback === undefined ? {} : (options as Request);
    const path = this.#path(name);
    while (!this.#take(path, name)) {
      if (ifAvailable) {
        return await work(null);
      }
      await pause(signal);
    }
    try {
      return await work({ name });
    } finally {
      giveUp(path);
    }
  }

  /** What is held. */
  async query(): Promise<{ readonly held: readonly Held[]; readonly pending: readonly never[] }> {
    const held = this.#files()
      .map(read)
      .flatMap((holder) =>
        holder === undefined || isGone(holder)
          ? []
          : [{ name: holder.name, mode: 'exclusive', clientId: identify(holder) } as const],
      );
    return { held, pending: [] };
  }

  #files(): string[] {
    mkdirSync(this.#folder, { recursive: true });
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.lock'));
    return names.map((name) => join(this.#folder, name));
  }

  #path(name: string): string {
    const digest = createHash('sha256').update(name).digest('hex');
    return join(this.#folder, `${digest}.lock`);
  }

  #take(path: string, name: string): boolean {
    mkdirSync(this.#folder, { recursive: true });
    const holder = read(path);
    if (holder !== undefined && isGone(holder)) {
      // With all else that it has left.
      this.#files().forEach(removeStale);
    }
    return create(path, { name, ...me() });
  }
}

/** This process. */
function me(): Omit<Holder, 'name'> {
  return { pid: process.pid, started: startOf(process.pid), host: hostname() };
}

/** Removes a lock of this process, if it is still there. */
function giveUp(path: string): void {
  const holder = read(path);
  if (holder !== undefined && identify(holder) === identify(me())) {
    rmSync(path);
  }
}

/** Removes a lock if its process is gone. */
function removeStale(path: string): void {
  const found = read(path);
  if (found === undefined || !isGone(found)) {
    return;
  }
  const guard = `${path}.takeover`;
  if (!create(guard, { pid: process.pid })) {
    return;
  }
  try {
    const holder = read(path);
    if (holder !== undefined && isGone(holder)) {
      rmSync(path);
    }
  } finally {
    rmSync(guard);
  }
}

/** Makes a file that is not there; whether it was not. */
function create(path: string, content: unknown): boolean {
  try {
    writeFileSync(path, JSON.stringify(content), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
    return false;
  }
}

/** Who has a lock; nothing if nobody has, or it cannot be read, as while it is being written. */
function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Whether the process that had a lock has ended. */
function isGone({ pid, started, host }: Holder): boolean {
  if (host !== hostname()) {
    return false;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  return startOf(pid) !== started;
}

/** When a process began: its number is given to another one when it has ended. */
function startOf(pid: number): string {
  if (process.platform !== 'linux') {
    return '';
  }
  try {
    // Of `pid (name) state …` the 22nd field; the name may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ');
    return fields?.[19] ?? '';
  } catch {
    return '';
  }
}

function identify({ pid, started, host }: Omit<Holder, 'name'>): string {
  return `${host} ${pid} ${started}`;
}

function pause(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, PAUSE_MS);
    if (signal?.aborted) {
      abort();
    }
    signal?.addEventListener('abort', abort, { once: true });
  });
}
