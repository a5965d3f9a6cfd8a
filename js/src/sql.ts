// SQL with values in it that are bound, never part of its text. Used by statements.ts and bulk.ts.
// It must not know what SQLite makes of the text.

import { SqliteError } from './errors.js';
import { type BindValue, describe } from './values.js';

/** A piece of SQL and the values that are bound in it; made by {@link sql} alone. */
export class Sql {
  /** With a `?` for each value. */
  readonly text: string;
  /** What is bound, in order. */
  readonly values: readonly BindValue[];
  /** Whoever has it was made here: no object from elsewhere passes for one. */
  readonly #made = true;

  /** @internal */
  constructor(text: string, values: readonly BindValue[]) {
    this.text = text;
    this.values = values;
  }

  /** @internal */
  static is(value: unknown): value is Sql {
    return typeof value === 'object' && value !== null && #made in value && value.#made;
  }
}

/** The tag, and what makes the pieces that are no values. */
export interface SqlTag {
  /**
   * SQL with values in it: ``sql`SELECT * FROM note WHERE id = ${id}` ``. Each value becomes a
   * parameter, also one that looks like SQL; what `sql` itself has made becomes part of the text.
   *
   * It goes wherever SQL goes, without other parameters. Throws `INVALID_SQL` for an escape
   * sequence that JavaScript does not know.
   */
  (strings: TemplateStringsArray, ...values: readonly (BindValue | Sql)[]): Sql;
  /**
   * The name of a table or column, quoted: `sql.id('a b')` is `"a b"`, `sql.id('main', 'note')` is
   * `"main"."note"`. Throws `INVALID_SQL` for what cannot be a name.
   */
  id(...names: readonly string[]): Sql;
  /**
   * A list, each value a parameter, each piece as it is: `sql.join([1, 2])` is `?, ?`. `separator`
   * is a piece too; default `, `. An empty list is empty, as `IN ()` may be.
   */
  join(list: Iterable<BindValue | Sql>, separator?: Sql): Sql;
}

function tag(strings: TemplateStringsArray, ...values: readonly (BindValue | Sql)[]): Sql {
  if (!Array.isArray(strings?.raw)) {
    throw refused('sql is a tag: write sql`…`, without parentheses');
  }
  if (strings.some((text) => text === undefined)) {
    throw refused('the text has an escape sequence that JavaScript does not know');
  }
  return glued(strings, values);
}

/** What stands between the texts becomes `?`, or the text that it is. */
function glued(texts: readonly string[], between: readonly (BindValue | Sql)[]): Sql {
  let text = texts[0] ?? '';
  const bound: BindValue[] = [];
  for (const [index, value] of between.entries()) {
    const isPiece = Sql.is(value);
    text += (isPiece ? value.text : '?') + (texts[index + 1] ?? '');
    bound.push(...(isPiece ? value.values : [value]));
  }
  return new Sql(text, bound);
}

/** An identifier of SQL, whatever its letters. */
export function quoted(name: unknown): string {
  if (typeof name !== 'string' || name === '' || name.includes('\0')) {
    throw refused(`a name for sql.id is a string with something in it, not ${describe(name)}`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

function id(...names: readonly string[]): Sql {
  if (names.length === 0) {
    throw refused('sql.id takes at least one name');
  }
  return new Sql(names.map(quoted).join('.'), []);
}

function join(list: Iterable<BindValue | Sql>, separator: Sql = new Sql(', ', [])): Sql {
  if (!Sql.is(separator)) {
    throw refused('the separator of sql.join is made by sql`…`');
  }
  if (typeof list?.[Symbol.iterator] !== 'function') {
    throw refused(`the list of sql.join must be iterable, which ${describe(list)} is not`);
  }
  const all = [...list].flatMap((item, index) => (index === 0 ? [item] : [separator, item]));
  return glued([], all);
}

function refused(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_SQL' });
}

/** Makes SQL with values in it. */
export const sql: SqlTag = /* @__PURE__ */ Object.assign(tag, { id, join });
