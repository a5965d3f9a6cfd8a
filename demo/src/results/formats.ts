/**
 * Rows as text for elsewhere: CSV, TSV, JSON, Markdown, INSERT. Used by save.ts and save-bar.ts.
 * Pure: a head, a line for each row, and a foot; nobody has to hold all of it.
 */
import type { SqlValue } from 'anchorite';
import { hex, literal, plainName, real } from '../sql/quote.ts';
import type { Values } from './rows.ts';

export type FormatName = 'csv' | 'tsv' | 'json' | 'markdown' | 'insert';

export interface Format {
  readonly words: string;
  readonly extension: string;
  readonly type: string;
  writer(columns: readonly string[], table: string): Writer;
}

interface Writer {
  readonly head: string;
  row(values: Values, index: number): string;
  readonly foot: string;
}

export const FORMATS: Readonly<Record<FormatName, Format>> = {
  csv: { words: 'CSV', extension: 'csv', type: 'text/csv', writer: csv },
  tsv: { words: 'TSV', extension: 'tsv', type: 'text/tab-separated-values', writer: tsv },
  json: { words: 'JSON', extension: 'json', type: 'application/json', writer: json },
  markdown: { words: 'Markdown', extension: 'md', type: 'text/markdown', writer: markdown },
  insert: { words: 'INSERT', extension: 'sql', type: 'application/sql', writer: insert },
};

/** Text of any value; NULL is nothing. */
export function plainText(value: SqlValue): string {
  if (value === null) return '';
  if (value instanceof Uint8Array) return hex(value);
  return typeof value === 'number' ? real(value) : String(value);
}

/** What a spreadsheet would take for a formula gets an apostrophe in front, as OWASP advises. */
function disarmed(text: string): string {
  return /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text;
}

function separated(value: SqlValue, mustQuote: RegExp): string {
  const text = typeof value === 'string' ? disarmed(value) : plainText(value);
  const quoted = mustQuote.test(text) || (text === '' && value !== null);
  return quoted ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(columns: readonly string[]): Writer {
  const line = (values: Values) => `${values.map((v) => separated(v, /[",\r\n]/)).join(',')}\r\n`;
  return { head: line(columns), row: line, foot: '' };
}

function tsv(columns: readonly string[]): Writer {
  const line = (values: Values) => `${values.map((v) => separated(v, /["\t\r\n]/)).join('\t')}\n`;
  return { head: line(columns), row: line, foot: '' };
}

function json(columns: readonly string[]): Writer {
  const keys = distinct(columns).map((name) => JSON.stringify(name));
  return {
    head: '[',
    row: (values, index) => {
      const pairs = values.map((value, at) => `${keys[at]}: ${jsonValue(value)}`);
      return `${index === 0 ? '\n' : ',\n'}  {${pairs.join(', ')}}`;
    },
    foot: '\n]\n',
  };
}

function jsonValue(value: SqlValue): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return `{"hex": "${hex(value)}"}`;
  return typeof value === 'string' ? JSON.stringify(value) : literal(value);
}

function markdown(columns: readonly string[]): Writer {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const text = (value: SqlValue) => (value === null ? 'NULL' : escapeMarkdown(plainText(value)));
  const head = line(columns.map(escapeMarkdown)) + line(columns.map(() => '---'));
  return { head, row: (values) => line(values.map(text)), foot: '' };
}

function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\|`*_[\]]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/\r\n|\r|\n/g, '<br>');
}

function insert(columns: readonly string[], table: string): Writer {
  const into = `INSERT INTO ${table} (${distinct(columns).map(plainName).join(', ')}) VALUES`;
  return {
    head: '',
    row: (values) => `${into} (${values.map(literal).join(', ')});\n`,
    foot: '',
  };
}

/** Names that differ: the second `a` is `a:2`. */
function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name}:${times}`;
  });
}
