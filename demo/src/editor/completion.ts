/**
 * What the editor proposes: tables of the open database, and columns after a dot, by the SQL mode
 * itself; columns of the tables that a statement names, functions and pragmas by what is here.
 * Must not know how the schema was read.
 */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { SQLDialect, sql } from '@codemirror/lang-sql';
import type { Extension } from '@codemirror/state';
import { plainName } from '../sql/quote.ts';
import { statementAt } from '../sql/split.ts';
import { KEYWORDS, TYPES } from '../sql/words.ts';

/** What can be named in the open database. */
export interface Vocabulary {
  /** The columns of each table and view. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly functions: readonly string[];
  readonly pragmas: readonly string[];
}

/**
 * SQLite's own words: the SQL mode's dialect of it has those of other databases, and of the shell.
 * Names that need quotes get the ones that SQL has for them.
 */
const DIALECT = SQLDialect.define({
  keywords: KEYWORDS,
  types: TYPES,
  operatorChars: '*+-%<>!=&|/~',
  identifierQuotes: '"`',
  specialVar: '@:?$',
  caseInsensitiveIdentifiers: true,
});

/** The SQL mode with this vocabulary. */
export function language(vocabulary: Vocabulary): Extension {
  const schema = Object.fromEntries(
    Object.entries(vocabulary.tables).map(([name, columns]) => [escaped(name), [...columns]]),
  );
  const autocomplete = (context: CompletionContext) => propose(context, vocabulary);
  return [
    sql({ dialect: DIALECT, schema, upperCaseKeywords: true }),
    DIALECT.language.data.of({ autocomplete }),
  ];
}

/** A dot in a key would part it. */
function escaped(name: string): string {
  return name.replace(/[\\.]/g, '\\$&');
}

function propose(context: CompletionContext, vocabulary: Vocabulary): CompletionResult | null {
  const pragma = context.matchBefore(/\bpragma\s+\w*/i);
  if (pragma !== null) {
    const from = context.matchBefore(/\w*/)?.from ?? context.pos;
    return { from, options: vocabulary.pragmas.map((label) => ({ label, type: 'property' })) };
  }
  const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*/u);
  // After a dot the SQL mode knows what there is.
  if (word === null || context.state.sliceDoc(word.from - 1, word.from) === '.') return null;
  const functions = vocabulary.functions.map((label) => {
    return { label, apply: `${label}(`, type: 'function' };
  });
  const sql = statementAt(context.state.sliceDoc(), word.from)?.sql ?? '';
  return { from: word.from, options: [...columns(sql, vocabulary), ...functions] };
}

/** The columns of tables that stand in a statement, ahead of all else. */
function columns(statement: string, { tables }: Vocabulary): Completion[] {
  const names = new Set(statement.toLowerCase().match(/[\p{L}\p{N}_$]+/gu));
  const isNamed = (table: string) =>
    names.has(table.toLowerCase()) || statement.includes(`"${table}"`);
  return Object.entries(tables)
    .filter(([table]) => isNamed(table))
    .flatMap(([detail, columns]) =>
      columns.map((label) => ({
        ...{ label, detail, type: 'property', boost: 1 },
        apply: plainName(label),
      })),
    );
}
