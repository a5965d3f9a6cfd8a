// When the rows of a statement may have changed. Used by live.ts. It must not know what is done
// then.
//
//   commits to the database ──► db.onChange ─┐
//   commits to attached ones ──► listen ─────┼─► does it meet what the statement reads? ──► stale
//   what only this connection sees ──► listen┘    is any schema another? ──► stale, and described
//   this page is seen again ─────────────────────────────────────────────►        anew
//
// Anything that is not known is taken to be so: too often is allowed, missing is not.

import { type Ear, listen } from './commits.js';
import type { Database } from './database.js';
import type { Statement } from './prepared.js';
import type { Heard, ReadSet } from './protocol.js';
import { Sequence } from './sequence.js';

/** The database that was opened, as opposed to attached ones. */
const MAIN = 'main';

/** Watches what one statement reads. */
export class Watch {
  readonly #db: Database;
  readonly #stale: () => void;
  readonly #stop: () => void;
  readonly #ear: Ear | undefined;
  /** What it reads; not known before it was described, or since a schema has changed. */
  #reads: ReadSet | undefined;
  /** How often that was forgotten. */
  #forgotten = 0;
  /** The commits to attached databases, by file. */
  readonly #sequences = new Map<string, Sequence>();

  /** From now on calls `stale`. Throws what `onChange` throws. */
  constructor(db: Database, stale: () => void) {
    this.#db = db;
    this.#stale = stale;
    this.#stop = db.onChange(({ tables }) => this.#changed(this.#besideMain(), tables));
    this.#ear = listen((heard) => this.#hear(heard));
    globalThis.document?.addEventListener('visibilitychange', this.#look);
  }

  end(): void {
    this.#stop();
    this.#ear?.close();
    globalThis.document?.removeEventListener('visibilitychange', this.#look);
  }

  /** Whether it is known what the statement reads. */
  get knows(): boolean {
    return this.#reads !== undefined;
  }

  /** Learns what it reads; rejects as `prepare` does. */
  async describe(sql: string): Promise<Statement> {
    const forgotten = this.#forgotten;
    const statement = await this.#db.prepare(sql);
    if (forgotten === this.#forgotten) {
      this.#reads = statement.reads;
    }
    return statement;
  }

  /** What it reads is another now, or may be. */
  forget(): void {
    this.#reads = undefined;
    this.#forgotten += 1;
  }

  /** The database that was opened may be attached to itself. */
  #besideMain(): readonly string[] {
    const file = this.#reads?.files.find(([name]) => name === MAIN)?.[1];
    return file ? this.#named(file) : [MAIN];
  }

  /** By which names the connection knows a file. */
  #named(file: string): readonly string[] {
    const files = this.#reads?.files ?? [];
    return files.filter(([, its]) => its === file).map(([name]) => name);
  }

  #hear(heard: Heard): void {
    if ('schema' in heard) {
      if (this.#db.made(heard)) {
        this.#changed([heard.schema], heard.tables);
      }
      return;
    }
    const { name, info } = this.#db;
    if (heard.database === name && info.storage !== 'memory') {
      return;
    }
    const names = this.#named(heard.database);
    if (names.length > 0) {
      const sequence = this.#sequenceOf(heard.database);
      const isFirst = sequence.last === undefined;
      const follows = sequence.follows(heard);
      this.#changed(names, follows && !isFirst ? heard.tables : undefined);
    } else if (!this.knows) {
      this.#stale();
    }
  }

  #sequenceOf(file: string): Sequence {
    const { sharing } = this.#db.info;
    const made = this.#sequences.get(file) ?? new Sequence(sharing !== 'owner');
    this.#sequences.set(file, made);
    return made;
  }

  /** Some of the tables of a database have changed, or its schema. */
  #changed(databases: readonly string[], tables: readonly string[] | undefined): void {
    const reads = this.#reads;
    if (tables === undefined) {
      this.forget();
    }
    if (reads?.tables === undefined || tables === undefined || meet(reads, databases, tables)) {
      this.#stale();
    }
  }

  /** The page may have been frozen while attached databases were written to. */
  readonly #look = (): void => {
    const isSeen = globalThis.document.visibilityState === 'visible';
    const files = this.#reads?.files ?? [];
    if (isSeen && files.some(([name, file]) => name !== MAIN && file !== '')) {
      this.forget();
      this.#stale();
    }
  };
}

function meet(
  reads: ReadSet,
  databases: readonly string[],
  tables: readonly string[],
): boolean | undefined {
  const written = new Set(tables.map(lower));
  return reads.tables?.some(
    ([database, table]) =>
      written.has(table) && (database === undefined || databases.includes(database)),
  );
}

/** As SQLite compares names. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
