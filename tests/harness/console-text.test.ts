// Unit tests of what the console does with text alone, for `node --test`: scripts cut into
// statements, CSV read and written, names and values as SQL.
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { guessSeparator, records } from '../../demo/src/files/csv';
import { guessEncoding } from '../../demo/src/files/tabular';
import { FORMATS } from '../../demo/src/results/formats';
import { advise } from '../../demo/src/run/advice';
import { guessKind, readAs } from '../../demo/src/schema/values';
import { literal, plainName } from '../../demo/src/sql/quote';
import { splitStatements, statementAt } from '../../demo/src/sql/split';
import { visible } from '../../demo/src/words';

const cut = (text: string) => splitStatements(text).map(({ sql }) => sql);

async function* inPieces(text: string, length: number) {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

async function csv(text: string, length: number, separator = ',') {
  const all: string[][] = [];
  for await (const record of records(inPieces(text, length), separator)) all.push(record);
  return all;
}

test('a script is cut at its semicolons, not at those in quotes and comments', () => {
  deepEqual(cut(`SELECT ';' , ";", [;], \`;\` -- ;\n; /* ; */ SELECT 'it''s; ' ;;`), [
    `SELECT ';' , ";", [;], \`;\``,
    `SELECT 'it''s; '`,
  ]);
  deepEqual(cut(' -- nothing\n /* here */ ; '), []);
  deepEqual(cut("SELECT 'not closed; "), ["SELECT 'not closed; "]);
});

test('a trigger is one statement, with CASE in it too', () => {
  const body = 'BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; DELETE FROM u; END';
  const trigger = `CREATE TEMP TRIGGER x AFTER INSERT ON t ${body}`;
  deepEqual(cut(`${trigger}; SELECT 1`), [trigger, 'SELECT 1']);
  deepEqual(cut('BEGIN; SELECT 1; END; SELECT 2'), ['BEGIN', 'SELECT 1', 'END', 'SELECT 2']);
});

test('the statement at the caret is the one it is in, or has just left', () => {
  const text = 'SELECT 1; SELECT 2;';
  equal(statementAt(text, 3)?.sql, 'SELECT 1');
  equal(statementAt(text, 12)?.start, 10);
  equal(statementAt(text, text.length)?.sql, 'SELECT 2');
});

test('a long text in quotes is no trouble', () => {
  const long = `SELECT '${"a''".repeat(1_000_000)}'`;
  deepEqual(cut(`${long}; SELECT 1`).length, 2);
});

test('CSV is read alike, whatever the pieces it comes in', async () => {
  const text = 'a,b\r\n"x, ""y""\r\nz",\n\n,last';
  const expected = [
    ['a', 'b'],
    ['x, "y"\r\nz', ''],
    ['', 'last'],
  ];
  for (let length = 1; length <= text.length; length += 1) {
    deepEqual(await csv(text, length), expected);
  }
  equal(guessSeparator('a;b;c,d\n1,2,3,4,5'), ';');
});

test('what is written as CSV is read as it was, but for formulae', async () => {
  const writer = FORMATS.csv.writer(['a', 'b'], 't');
  const rows = [
    ['=1+1', -5n],
    ['', null],
    ['say "hi"\r\n', 1.5],
  ] as const;
  const text = writer.head + rows.map((row, index) => writer.row(row, index)).join('');
  deepEqual(await csv(text, 5), [
    ['a', 'b'],
    ["'=1+1", '-5'],
    ['', ''],
    ['say "hi"\r\n', '1.5'],
  ]);
});

test('values are literals that SQLite reads as the same', () => {
  const values = [
    null,
    1n,
    1,
    -0,
    1e300,
    Number.POSITIVE_INFINITY,
    "it's",
    new Uint8Array([1, 255]),
  ];
  const expected = ['NULL', '1', '1.0', '-0.0', '1e+300', '9e999', "'it''s'", "X'01ff'"];
  deepEqual(values.map(literal), expected);
  equal(literal('a\0b'), "CAST(X'610062' AS TEXT)");
  equal(plainName('a b"c'), '"a b""c"');
  deepEqual(['Order', 'key', 'a1'].map(plainName), ['"Order"', 'key', 'a1']);
});

test('a mistake in SQL is told what it was meant to be', () => {
  const known = { tables: { Invoice: ['Total'] }, functions: ['round'], pragmas: [] };
  const advice = (message: string) => advise(message, known, 'a.db');
  equal(advice('no such column: i.totl'), 'Did you mean Total?');
  equal(advice('no such table: main.Invioce'), 'Did you mean Invoice?');
  equal(advice('no such function: rond'), 'Did you mean round?');
  equal(advice('near "slect": syntax error'), 'Did you mean SELECT?');
  equal(advice('near "Invoice": syntax error'), undefined);
  equal(advice('no such column: somewhere_else'), undefined);
  match(advice('no such table: t') ?? '', /^“a.db” is open here/);
});

test('a file of text is read by what it is written in', () => {
  const written = (text: string, encoding: 'utf8' | 'latin1' | 'utf16le') =>
    guessEncoding(Buffer.from(text, encoding));
  equal(written('Äpfel', 'utf8'), 'utf-8');
  equal(written('Äpfel', 'latin1'), 'windows-1252');
  equal(written('\ufeffÄpfel', 'utf16le'), 'utf-16le');
  equal(guessEncoding(Buffer.from('Äpfel').subarray(0, 1)), 'utf-8');
});

test('what cannot be seen is shown', () => {
  equal(visible('a\0\n\u202eb'), 'a␀␊‹202E›b');
});

test('what is typed for a column is what it looks like, and nothing is lost', () => {
  const guessed = (text: string, type: string) => readAs(guessKind(text, type), text);
  equal(guessed('9223372036854775807', 'INTEGER'), 9223372036854775807n);
  equal(guessed('9223372036854775808', ''), '9223372036854775808');
  equal(guessKind('007', ''), 'text');
  equal(guessKind('+49', 'NUMERIC'), 'text');
  equal(guessKind('1', 'DOUBLE'), 'real');
  equal(guessed('1.5e3', ''), 1500);
  equal(guessed(' 12', 'VARCHAR(9)'), ' 12');
  deepEqual(guessed('0a FF', 'BLOB'), new Uint8Array([10, 255]));
  equal(guessKind('0a F', 'BLOB'), 'text');
});
