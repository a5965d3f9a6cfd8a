// More tabs than the harness drives: frames, each a Window with the library of its own, its own
// locks, and a death of its own. It must not know tests.
import type { ChangeListener, Database, IterateOptions, open } from 'anchorite';
import type { migrate } from 'anchorite/migrations';
import type { Hooked, TestContext } from './context';

/** The library of a tab. */
export interface Library {
  readonly open: typeof open;
  readonly migrate: typeof migrate;
}

export interface FrameElement extends HTMLIFrameElement {
  /** Called from inside, with the frame's own library. */
  opened?: (library: Library) => void;
}

/** The options by which tabs have one owner, in every browser. */
export function owned(t: TestContext): Hooked {
  return { engine: t.cell.twin, worker: true, sharing: 'owner' };
}

/** An error of another realm is no `Error` of this one. */
function ofThisRealm(error: unknown): Error {
  const { message, code, mayHaveCommitted } = error as Error & Record<string, unknown>;
  return Object.assign(new Error(message), { code, mayHaveCommitted });
}

async function here<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw ofThisRealm(error);
  }
}

type Tail<List> = List extends [unknown, ...infer Rest] ? Rest : never;

/** A connection of a tab. */
export class TabDatabase {
  readonly #database: Database;
  readonly #library: Library;

  constructor(database: Database, library: Library) {
    this.#database = database;
    this.#library = library;
  }

  get info(): Database['info'] {
    return this.#database.info;
  }

  exec(sql: string): Promise<void> {
    return here(this.#database.exec(sql));
  }

  async query(...call: Parameters<Database['query']>): Promise<Record<string, unknown>[]> {
    const rows = await here(this.#database.query(...call));
    return Array.from(rows, (row) => ({ ...row }));
  }

  async migrate(...rest: Tail<Parameters<typeof migrate>>): ReturnType<typeof migrate> {
    return { ...(await here(this.#library.migrate(this.#database, ...rest))) };
  }

  /** Begins to iterate, and takes one row. */
  async first(sql: string, options: IterateOptions): Promise<unknown> {
    const rows = this.#database.iterate(sql, [], options as IterateOptions<'object'>);
    return (await here(rows.next())).value;
  }

  onChange(listener: ChangeListener): () => void {
    return this.#database.onChange(({ tables, own }) =>
      listener({ tables: tables && Array.from(tables), own }),
    );
  }

  close(): Promise<void> {
    return here(this.#database.close());
  }
}

/** A new frame, of this origin, in which a module runs. */
export function frameWith(script: string): { frame: FrameElement; body: HTMLElement } {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  const inside = frame.contentDocument;
  if (inside === null) throw new Error('a frame without a document');
  const module = inside.createElement('script');
  module.type = 'module';
  module.src = script;
  inside.body.append(module);
  return { frame, body: inside.body };
}

/** A frame with the library in it. */
export class Tab {
  readonly #frame: FrameElement;
  readonly #library: Library;
  readonly #databases: TabDatabase[] = [];

  private constructor(frame: FrameElement, library: Library) {
    this.#frame = frame;
    this.#library = library;
  }

  /** A new tab; what is left of it goes when the test ends. */
  static async make(t: TestContext): Promise<Tab> {
    const { frame } = frameWith('/page/tab.js');
    const opened = new Promise<Library>((resolve) => {
      frame.opened = resolve;
    });
    const tab = new Tab(frame, await opened);
    t.defer(() => tab.#leave());
    return tab;
  }

  async open(name: string, options: Hooked): Promise<TabDatabase> {
    const database = new TabDatabase(
      await here(this.#library.open(name, options)),
      this.#library,
    );
    this.#databases.push(database);
    return database;
  }

  /** The end of it, as when a user closes a tab: nothing of it runs any more. */
  close(): void {
    this.#frame.remove();
    this.#databases.length = 0;
  }

  async #leave(): Promise<void> {
    for (const database of this.#databases) await database.close();
    this.close();
  }
}

/**
 * Ends the owner of a realm by the protocol: whoever joins says that it is of no use any more.
 * Resolves when it is gone.
 */
export async function killOwner(realm: string): Promise<void> {
  const prefix = `anchorite-owner:2:${realm}:`;
  const { held = [] } = await navigator.locks.query();
  // Who watches the life of an owner that is gone has its lock, too, for a moment, but shared.
  const lives = held.filter(({ mode }) => mode === 'exclusive').map(({ name = '' }) => name);
  const dead = lives.find((name) => name.startsWith(prefix));
  if (dead === undefined) throw new Error(`no owner in ${JSON.stringify(held)}`);
  const name = dead.slice(0, dead.indexOf(' ', prefix.length));
  const gone = navigator.locks.request(dead, { mode: 'shared' }, () => undefined);
  const { port } = new SharedWorker('/anchorite/shared.js', { type: 'module', name });
  port.postMessage({ database: 'none', client: 'nobody', engine: 'auto', dead });
  await gone;
}
