/**
 * What the editor proposes: tables and columns of the open database by the SQL mode itself, and
 * functions and pragmas by what is here. Must not know how the schema was read.
 */
import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { SQLite, sql } from '@codemirror/lang-sql';
import type { Extension } from '@codemirror/state';

/** What can be named in the open database. */
export interface Vocabulary {
  /** The columns of each table and view. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly functions: readonly string[];
  readonly pragmas: readonly string[];
}

export const NO_VOCABULARY: Vocabulary = { tables: {}, functions: [], pragmas: [] };

/** The SQL mode with this vocabulary. */
export function language(vocabulary: Vocabulary): Extension {
  const schema = Object.fromEntries(
    Object.entries(vocabulary.tables).map(([name, columns]) => [escaped(name), [...columns]]),
  );
  const autocomplete = (context: CompletionContext) => propose(context, vocabulary);
  return [
    sql({ dialect: SQLite, schema, upperCaseKeywords: true }),
    SQLite.language.data.of({ autocomplete }),
  ];
}

/** A dot in a key would part it. */
function escaped(name: string): string {
  return name.replace(/[\\.]/g, '\\$&');
}

function propose(
  context: CompletionContext,
  { functions, pragmas }: Vocabulary,
): CompletionResult | null {
  const pragma = context.matchBefore(/\bpragma\s+\w*/i);
  if (pragma !== null) {
    const from = context.matchBefore(/\w*/)?.from ?? context.pos;
    return { from, options: pragmas.map((label) => ({ label, type: 'property' })) };
  }
  const word = context.matchBefore(/\w{2,}/);
  if (word === null) return null;
  const options = functions.map((label) => ({ label, apply: `${label}(`, type: 'function' }));
  return { from: word.from, options };
}
