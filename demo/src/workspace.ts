/**
 * The one open database and the files beside it. Called by main.ts and the panels.
 * Everything here goes through the public API of `anchorite`; it must not know the page.
 */
import {
  type Database,
  deleteDatabase,
  type ImportSource,
  importDatabase,
  listDatabases,
  type OpenOptions,
  open,
  renameDatabase,
  type TransferOptions,
} from 'anchorite';

/** The console's own database: history and saved queries. It is not shown among the others. */
export const OWN_NAME = 'anchorite-console.sqlite';

/** Holds at most one open database and replaces it by another. */
export class Workspace {
  /** Tells `opened` (another database), `changed` (what is in it) and `foreign` (by another). */
  readonly events: EventTarget = new EventTarget();
  readonly options: OpenOptions;
  /** Asks why the open database is not to be left, as for what is not committed there. */
  whyStay: () => Promise<string | undefined> = () => Promise.resolve(undefined);
  #database: Database | undefined;

  /** INTEGERs are bigints, so that they are not taken for REALs. */
  constructor(options: OpenOptions) {
    this.options = { ...options, int64: 'bigint' };
  }

  get database(): Database | undefined {
    return this.#database;
  }

  /** The open database; there is nothing to do where there is none. */
  get opened(): Database {
    if (this.#database === undefined) throw new Error('No database is open.');
    return this.#database;
  }

  /** Opens `name`, and only when that has worked closes the database open until then. */
  async open(name: string, signal?: AbortSignal): Promise<Database> {
    const previous = this.#database;
    if (previous?.name === name && !previous.closed) return previous;
    await this.#askToLeave();
    const database = await open(name, { ...this.options, ...(signal ? { signal } : {}) });
    this.#database = database;
    this.#watch(database);
    await previous?.close();
    this.#tell('opened');
    return database;
  }

  /** Opens `name` anew, also when it is open already: the way out after an engine has died. */
  async reopen(name: string): Promise<Database> {
    await this.#close();
    return this.open(name);
  }

  /** Makes `name` a copy of `source` and opens it. If that fails, what was open is open again. */
  async importOver(
    name: string,
    source: ImportSource,
    transfer: TransferOptions = {},
  ): Promise<Database> {
    await this.#without(name, () =>
      importDatabase(name, source, { ...this.#engine, ...transfer, overwrite: true }),
    );
    return this.open(name);
  }

  async rename(name: string, to: string): Promise<void> {
    const wasOpen = this.#database?.name === name;
    await this.#without(name, () => renameDatabase(name, to, this.#engine));
    if (wasOpen) await this.open(to);
  }

  /** Deletes a database; where it is the open one, `next` is opened instead. */
  async delete(name: string, next: string): Promise<void> {
    const wasOpen = this.#database?.name === name;
    await this.#without(name, () => deleteDatabase(name, this.#engine));
    if (wasOpen) await this.open(next);
  }

  /** Names of all databases, the open one among them. */
  async names(): Promise<string[]> {
    const names = new Set(await listDatabases(this.#engine));
    if (this.#database !== undefined) names.add(this.#database.name);
    names.delete(OWN_NAME);
    return [...names].sort();
  }

  /** Says that this page itself has changed something that nobody else tells of. */
  touch(): void {
    this.#tell('changed');
  }

  /** The options that functions of files take. */
  get #engine() {
    const { engine, worker } = this.options;
    return {
      ...(engine === undefined ? {} : { engine }),
      ...(worker === undefined ? {} : { worker }),
    };
  }

  /** A database that is open is not replaced, renamed or deleted. */
  async #without(name: string, work: () => Promise<unknown>): Promise<void> {
    const wasOpen = this.#database?.name === name;
    if (wasOpen) {
      await this.#askToLeave();
      await this.#close();
    }
    try {
      await work();
    } catch (error) {
      if (wasOpen) await this.open(name);
      throw error;
    }
  }

  async #askToLeave(): Promise<void> {
    const why = this.#database?.closed === false ? await this.whyStay() : undefined;
    if (why !== undefined) throw new DOMException(why, 'AbortError');
  }

  #watch(database: Database): void {
    try {
      database.onChange(({ own }) => {
        if (database === this.#database) this.#tell(own ? 'changed' : 'foreign');
      });
    } catch {
      // Without BroadcastChannel nobody tells; what this page does itself it knows.
    }
  }

  #tell(type: 'opened' | 'changed' | 'foreign'): void {
    this.events.dispatchEvent(new Event(type));
  }

  async #close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close();
  }
}
