// What has changed in a database, as its user is told. Used by database.ts. It must not know how
// contexts share the database.
//
//   commits.ts ──► in sequence?  yes: the tables it names     no: anything may have changed
//   the page is seen again, ──► is there a commit that was not told?  then any table may have
//   or only now hears all

import { canTell, type Ear, listen } from './commits.js';
import { SqliteError } from './errors.js';
import type { Commits, Heard, Who } from './protocol.js';
import { Sequence } from './sequence.js';

/** What a commit has changed. */
export interface Change {
  /**
   * The tables that may have changed, those that triggers and foreign keys have changed among them;
   * `undefined`: any table may have, or the schema.
   */
  readonly tables: readonly string[] | undefined;
  /** Whether it was made by this connection. */
  readonly own: boolean;
}

/** Is told of changes. */
export type ChangeListener = (change: Change) => void;

/** What has to be known of a database. */
export interface Watched {
  readonly name: string;
  readonly inMemory: boolean;
  /** Whether the numbers of commits go on from one engine to the next. */
  readonly shared: boolean;
  /** Whether the connection that watches is meant. */
  isOwn(who: Who): boolean;
  /** The number of the last commit. */
  sequence(): Promise<number | undefined>;
}

/** How much later than an answer of its engine a commit is heard of, in ms. */
const LATE_MS = 100;

/** Those who want to know of the changes of one database. */
export class Changes {
  readonly #watched: Watched;
  readonly #listeners = new Set<ChangeListener>();
  #ear: Ear | undefined;
  /** The commits that listeners were told of. */
  #sequence: Sequence;
  /** What was heard while it is not known yet which commit was the last before the beginning. */
  #early: Commits[] | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#sequence = new Sequence(watched.shared);
  }

  /** Begins to tell; returns how to end it. */
  add(listener: ChangeListener): () => void {
    if (!canTell()) {
      const message = 'changes are told by BroadcastChannel, which is missing here';
      throw new SqliteError(message, { code: 'UNSUPPORTED' });
    }
    // One of its own: the same function may listen twice.
    const own: ChangeListener = (change) => listener(change);
    this.#listeners.add(own);
    this.#begin();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) {
        this.end();
      }
    };
  }

  /** Settles when all that is committed from then on is told. */
  get ready(): Promise<void> {
    return this.#ear?.ready ?? Promise.resolve();
  }

  /** Tells nobody any more. */
  end(): void {
    this.#ear?.close();
    this.#ear = undefined;
    globalThis.document?.removeEventListener('visibilitychange', this.#look);
    this.#listeners.clear();
    this.#sequence = new Sequence(this.#watched.shared);
    this.#early = undefined;
  }

  #begin(): void {
    if (this.#ear === undefined) {
      const ear = listen((heard) => this.#hear(heard));
      this.#ear = ear;
      globalThis.document?.addEventListener('visibilitychange', this.#look);
      this.#early = [];
      this.#ask();
      void ear?.ready.then(() => this.#askOnceMore(ear));
    }
  }

  /** A commit that was told before this context heard all was missed, unless it is still heard. */
  async #askOnceMore(ear: Ear): Promise<void> {
    const last = await this.#watched.sequence().catch(() => this.#sequence.last);
    const before = this.#sequence.last;
    if (last === before) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    // Whatever was heard meanwhile has shown whether one is missing.
    if (this.#ear === ear && this.#sequence.last === before) {
      this.#compare(last);
    }
  }

  #hear(heard: Heard): void {
    const { name, inMemory } = this.#watched;
    if ('schema' in heard) {
      if (inMemory && heard.schema === 'main' && this.#watched.isOwn(heard)) {
        this.#tell({ tables: heard.tables, own: true });
      }
    } else if (heard.database === name && !inMemory) {
      if (this.#early === undefined) {
        this.#judge(heard);
      } else {
        this.#early.push(heard);
      }
    }
  }

  #judge(commits: Commits): void {
    const follows = this.#sequence.follows(commits);
    if (follows !== undefined) {
      const tables = follows ? commits.tables : undefined;
      this.#tell({ tables, own: this.#watched.isOwn(commits) });
    }
  }

  /** Whoever made a commit may have died before it was told, or this page may have been frozen. */
  readonly #look = (): void => {
    if (globalThis.document.visibilityState === 'visible') {
      this.#ask();
    }
  };

  #ask(): void {
    this.#watched.sequence().then(
      (last) => this.#compare(last),
      // The database is closed, or the next call says what is wrong.
      () => this.#compare(this.#sequence.last),
    );
  }

  #compare(last: number | undefined): void {
    if (this.#ear === undefined) {
      return;
    }
    const early = this.#early;
    if (early !== undefined) {
      this.#early = undefined;
      this.#sequence.last = last;
      // Those up to the last one were made before somebody wanted to know.
      const known = early.findIndex((commits) => commits.last === last);
      for (const commits of early.slice(known + 1)) {
        this.#judge(commits);
      }
    } else if (last !== this.#sequence.last) {
      this.#sequence.last = last;
      this.#tell({ tables: undefined, own: false });
    }
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) {
      // What one throws is reported, and the others are told all the same.
      queueMicrotask(() => listener(change));
    }
  }
}
