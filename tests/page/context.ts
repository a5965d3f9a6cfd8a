// What a test gets as `t`: its cell, the library's options for it, names of its own, test data, and
// the second tab. It must not know which test it serves.
import { open } from 'anchorite';
import type { Database, OpenOptions, Sharing } from 'anchorite';
import { cellId } from '../wire';
import type { Build, Cell } from '../wire';
import { allFiles, removeAll } from './disk';
import { askPeer } from './home';

/** Options with the hooks that the published types leave out; see js/src/protocol.ts. */
export interface Hooked extends OpenOptions {
  readonly sharing?: Sharing;
  readonly testHooks?: {
    readonly seed?: number;
    readonly now?: number;
    readonly growOnSuspend?: boolean;
    readonly protocol?: number;
    readonly owner?: string;
    readonly cursorTimeout?: number;
    readonly serveTimeout?: number;
  };
}

/** Of passing files; each takes milliseconds. */
const LOOKS = 50;

export class TestContext {
  readonly cell: Cell;
  /** What the last phase returned. */
  readonly previous: unknown;
  readonly #id: string;
  readonly #cleanUps: (() => unknown)[] = [];

  constructor(id: string, cell: Cell, previous: unknown) {
    this.#id = id;
    this.cell = cell;
    this.previous = previous;
  }

  /** The options that put the library into this cell. */
  get options(): { engine: Cell['twin']; worker: boolean } {
    return { engine: this.cell.twin, worker: this.cell.context === 'worker' };
  }

  /** The build that runs in this cell. */
  get build(): Build {
    return this.cell.twin === 'asyncify' ? 'asyncify' : 'jspi';
  }

  get #prefix(): string {
    const slug = this.#id.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    return `${slug.slice(0, 80)}.${cellId(this.cell)}.`;
  }

  /** A database name of this test's own, the same in every phase. */
  name(label = 'main'): string {
    return `${this.#prefix}${label}.sqlite`;
  }

  /**
   * The files in OPFS that `before` did not hold, but for those of tests that run meanwhile. What
   * lies there only while such a test syncs is gone at one of several looks; what is left stays.
   */
  async newFiles(before: readonly string[]): Promise<string[]> {
    const ofAnotherTest = /\.(chromium|firefox|webkit)-[a-z]+-[a-z]+\.|^twins\//;
    const isMine = (name: string) => name.startsWith(this.#prefix) || !ofAnotherTest.test(name);
    let left = (await allFiles()).filter((name) => isMine(name) && !before.includes(name));
    for (let look = 0; look < LOOKS && left.length > 0; look++) {
      const now = await allFiles();
      left = left.filter((name) => now.includes(name));
    }
    return left;
  }

  /** Opens a database in this cell; one left open is closed when the test ends. */
  async open(name = this.name(), extra: Hooked = {}): Promise<Database> {
    const db = await open(name, { ...this.options, ...extra });
    this.defer(() => db.close());
    return db;
  }

  /** Runs when the last phase is over, or this one has failed; latest first. */
  defer(cleanUp: () => unknown): void {
    this.#cleanUps.push(cleanUp);
  }

  /** Lets the second tab run this test's `peer`; the argument and the answer travel as JSON. */
  peer(argument: unknown, policy?: string): Promise<unknown> {
    return askPeer({ test: this.#id, cell: this.cell, argument, policy });
  }

  async cleanUp(): Promise<void> {
    for (const cleanUp of this.#cleanUps.splice(0).reverse()) await cleanUp();
  }

  /** Removes the files of this test in this cell. */
  async removeFiles(): Promise<void> {
    await removeAll(this.#prefix);
  }
}
