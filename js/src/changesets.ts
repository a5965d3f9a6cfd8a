// The entry `anchorite/changesets`: what a connection changes, as bytes that can be applied to
// another database or taken back. It must not know how the engine does it;
// crates/engine/src/changesets.rs draws that.

import { SqliteError } from './errors.js';
import { checkOptions } from './options.js';
import type { Conflict, ConflictAction, ConflictPolicy } from './protocol.js';
import type { Statements } from './statements.js';

export type { Conflict, ConflictAction, ConflictPolicy };

/** Options of `record`. */
export interface RecordOptions {
  /** Which tables; default: all that have a primary key, those that are made later among them. */
  readonly tables?: readonly string[];
}

/** Decides on a change that does not fit. */
export type ConflictListener = (conflict: Conflict) => ConflictAction | Promise<ConflictAction>;

/** Options of `apply`. */
export interface ApplyOptions {
  /** To which tables; default: all that it has changes of. */
  readonly tables?: readonly string[];
  /**
   * What becomes of a change that does not fit; default `'abort'`: nothing is applied. By kind,
   * where a kind that is left out is `'abort'`; or a function, which may be asked again about what
   * it has answered.
   */
  readonly onConflict?: ConflictAction | ConflictPolicy | ConflictListener;
}

/** What was applied. */
export interface ApplyResult {
  /** Changes that were left out. */
  readonly omitted: number;
  /** Changes that were made although a row was in the way. */
  readonly replaced: number;
}

const ACTIONS: readonly unknown[] = ['omit', 'replace', 'abort'];

/** What can be decided on each kind; only a row that is in the way can be replaced. */
const KINDS: Readonly<Record<Conflict['kind'], readonly unknown[]>> = {
  data: ACTIONS,
  notFound: ['omit', 'abort'],
  conflict: ACTIONS,
  constraint: ['omit', 'abort'],
  foreignKey: ['omit', 'abort'],
};

/** What a connection changes, from `record` to `end`. */
export class Recording {
  /** The tables that were there and have no primary key: their changes are not recorded. */
  readonly unrecorded: readonly string[];
  readonly #target: Statements;
  readonly #key: string;

  /** @internal */
  constructor(target: Statements, key: string, unrecorded: readonly string[]) {
    this.#target = target;
    this.#key = key;
    this.unrecorded = unrecorded;
  }

  /**
   * Resolves to all changes since it began, with the values before them; empty if there are none.
   * Rejects with `CLOSED` when it has ended, and with `SQLITE_SCHEMA` when a table was altered.
   */
  changeset(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#take(false);
  }

  /** The same without the values before: smaller, not to be inverted, finds less conflicts. */
  patchset(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#take(true);
  }

  /** Records no longer; twice is fine. */
  async end(): Promise<void> {
    await this.#target.send<'release'>(
      { operation: 'release', key: this.#key },
      undefined,
      undefined,
    );
  }

  #take(patchset: boolean): Promise<Uint8Array<ArrayBuffer>> {
    return this.#target.send<'recorded'>(
      { operation: 'recorded', key: this.#key, patchset },
      undefined,
      undefined,
    );
  }
}

/**
 * Begins to record what `target` changes in its main database: a connection until it is closed, a
 * transaction until it ends. Several can go on at once.
 *
 * Rejects with `INVALID_PARAMETER` for a table that there is not, or that has no primary key.
 */
export async function record(target: Statements, options: RecordOptions = {}): Promise<Recording> {
  checkTarget(target);
  const tables = checkTables(options, ['tables']);
  const key = crypto.randomUUID();
  const left = await target.send<'record'>(
    { operation: 'record', key, tables },
    undefined,
    undefined,
  );
  return new Recording(target, key, left);
}

/**
 * Applies a changeset or a patchset to the main database, all of it or nothing: in a transaction of
 * its own, or, with `target` a transaction, as a part of that.
 *
 * Rejects with `SQLITE_ABORT` where that was decided, with the change and why it does not fit in
 * the message; with `SQLITE_SCHEMA` where the database has no such table; with `SQLITE_CORRUPT` for
 * other bytes; with what `onConflict` throws; and as a transaction does. Nothing is changed then.
 */
export async function apply(
  target: Statements,
  bytes: Uint8Array,
  options: ApplyOptions = {},
): Promise<ApplyResult> {
  checkTarget(target);
  const changeset = checkBytes(bytes);
  const tables = checkTables(options, ['tables', 'onConflict']);
  const { onConflict = 'abort' } = options;
  const policy = typeof onConflict === 'function' ? {} : checkPolicy(onConflict);
  const decide = typeof onConflict === 'function' ? onConflict : () => 'abort' as const;
  const key = crypto.randomUUID();
  return target.together(async (tx) => {
    const first = { operation: 'apply', key, bytes: changeset, tables, policy } as const;
    let applied = await tx.send<'apply'>({ ...first, answers: [] }, undefined, undefined);
    let answers: readonly ConflictAction[] = [];
    while ('questions' in applied) {
      const { kept, questions } = applied;
      answers = [...answers.slice(0, kept), ...(await decisions(questions, decide))];
      applied = await tx.send<'apply'>(
        { ...first, bytes: undefined, answers },
        undefined,
        undefined,
      );
    }
    await tx.send<'release'>({ operation: 'release', key }, undefined, undefined);
    return applied;
  }, {});
}

/**
 * Resolves to the changes that take back those of a changeset; `target` is any database.
 *
 * Rejects with `INVALID_PARAMETER` for a patchset, and with `SQLITE_CORRUPT` for other bytes.
 */
export async function invert(
  target: Statements,
  bytes: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  checkTarget(target);
  return target.send<'invert'>(
    { operation: 'invert', key: '', bytes: checkBytes(bytes) },
    undefined,
    undefined,
  );
}

/**
 * Resolves to the changes of one changeset and then those of another as one, in which a row is
 * changed once; both are changesets, or both patchsets. `target` is any database.
 *
 * Rejects with `INVALID_PARAMETER` for one of each, with `SQLITE_SCHEMA` where they are of tables
 * of other shapes, and with `SQLITE_CORRUPT` for other bytes.
 */
export async function concat(
  target: Statements,
  first: Uint8Array,
  second: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  checkTarget(target);
  return target.send<'concat'>(
    { operation: 'concat', key: '', bytes: checkBytes(first), more: checkBytes(second) },
    undefined,
    undefined,
  );
}

/** One after the other; nothing is asked after a decision to abort. */
async function decisions(
  questions: readonly Conflict[],
  decide: ConflictListener,
): Promise<ConflictAction[]> {
  const made: ConflictAction[] = [];
  for (const question of questions) {
    const action = await decide(question);
    if (!KINDS[question.kind].includes(action)) {
      throw refused(`a conflict of kind "${question.kind}" cannot be ${JSON.stringify(action)}`);
    }
    made.push(action);
    if (action === 'abort') {
      break;
    }
  }
  return made;
}

function checkPolicy(policy: ConflictAction | ConflictPolicy): Required<ConflictPolicy> {
  const all = typeof policy === 'string' ? policy : undefined;
  const given = typeof policy === 'string' ? {} : policy;
  const unknown = Object.keys(given).find((kind) => !Object.hasOwn(KINDS, kind));
  if ((all !== undefined && !ACTIONS.includes(all)) || unknown !== undefined) {
    throw refused(`onConflict cannot be ${JSON.stringify(policy)}`);
  }
  const of = (kind: Conflict['kind']): ConflictAction => {
    const fits = all !== undefined && kind !== 'foreignKey' && KINDS[kind].includes(all);
    const action = given[kind] ?? (fits ? all : 'abort');
    if (!KINDS[kind].includes(action)) {
      throw refused(`onConflict: "${kind}" cannot be ${JSON.stringify(action)}`);
    }
    return action;
  };
  return {
    data: of('data'),
    notFound: of('notFound'),
    conflict: of('conflict'),
    constraint: of('constraint'),
    foreignKey: of('foreignKey'),
  };
}

function checkTables(
  options: RecordOptions & ApplyOptions,
  allowed: readonly string[],
): readonly string[] | undefined {
  checkOptions(options, allowed);
  const { tables } = options;
  if (tables?.some((name) => typeof name !== 'string')) {
    throw refused('"tables" is a list of names');
  }
  return tables;
}

function checkTarget(target: Statements): void {
  if (typeof target?.send !== 'function') {
    throw refused('changes are made in a Database or a Transaction');
  }
}

function checkBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array)) {
    throw refused('a changeset is a Uint8Array');
  }
  return bytes.slice();
}

function refused(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_PARAMETER' });
}
