// Rows that go and come in the console's table browser. demo.ts runs it, on the sample that steps
// before have opened. It must know no more of the console than words and test ids.
import type { ConsolePage } from './demo-page';
import type { Step } from './demo-steps';

/** A name with a quote and more, a reserved word, a key of two columns, integers beyond 2^53. */
const HOSTILE = 'or"der 😀';
const TABLE = '"or""der 😀"';
const SETUP = `
  CREATE TABLE ${TABLE} ("select" TEXT COLLATE NOCASE, n INTEGER, "a ""b" BLOB, g AS (n + 1),
    PRIMARY KEY ("select", n)) WITHOUT ROWID;
  INSERT INTO ${TABLE} VALUES ('a', 9007199254740993, x'00ff'), ('B', -1, 1.0), ('c', 0, NULL);
  CREATE TABLE shelf (id INTEGER PRIMARY KEY, label TEXT NOT NULL DEFAULT 'new; "one"');
  INSERT INTO shelf VALUES (1, 'upper'), (9007199254740993, 'lower');
  CREATE TABLE book (shelf REFERENCES shelf ON DELETE CASCADE);
  INSERT INTO book VALUES (1), (1);
  CREATE VIRTUAL TABLE notes USING fts5(body);
  CREATE VIEW labels AS SELECT label FROM shelf;
`;
const ROW_1 = '[data-testid=table-browser] .grid-row[data-row="0"]';
const SELECTED = '[data-testid=table-browser] .grid-row[aria-selected=true]';
const ALL = `SELECT quote("select") || n || quote("a ""b") || g FROM ${TABLE}`;
const EXCEPT = `SELECT quote("a ""b"), * FROM kept EXCEPT SELECT quote("a ""b"), * FROM ${TABLE}`;
const BEFORE = "'a'9007199254740993X'00FF'9007199254740994,'B'-11.00,'c'0NULL1";

export async function deleteSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('deletes rows, and puts them back as they were', async () => {
    await page.run(SETUP);
    await browse(page, `${HOSTILE}3 · 4.1 kB`);
    await page.keys('ArrowDown', ' ');
    await withShift(page, 'ArrowDown');
    await page.says('.caption', '2 selected');
    await page.keys('Delete');
    await page.says('dialog', `Delete 2 rows from “${HOSTILE}”?`);
    await page.says('dialog', 'These are rows 2–3.');
    await page.click('confirm-ok');
    await page.says('[data-testid=edit-bar]', '2 rows deleted');
    await page.says('.caption', '1–1 of 1 row');
    await page.click('undo');
    await page.says('#activity', 'undone');
    await expectRows(page, ALL, BEFORE);
  });
  await step('says what goes with rows that are deleted', async () => {
    await browse(page, 'shelf2 · 4.1 kB');
    await page.press(`${ROW_1} .grid-number`);
    await page.click('delete-rows');
    await page.says('dialog', 'Delete row 1 from “shelf”?');
    await page.says('dialog', 'Rows of “book” that refer to it are deleted, too');
    await page.click('confirm-ok');
    await page.says('[data-testid=edit-bar]', 'changed 2 rows more');
  });
  await step('deletes nothing that is in use, nor where nothing can be changed', async () => {
    await browse(page, 'Artist275 · 12.3 kB');
    await page.keys('Delete');
    await page.click('confirm-ok');
    await page.says('[data-testid=error]', 'FOREIGN KEY constraint failed');
    await page.says('.caption', '1–275 of 275 rows · 1 selected');
    await run(page, 'PRAGMA query_only = 1');
    await browse(page, 'Genre25 · 4.1 kB');
    await page.keys('Delete');
    await page.click('confirm-ok');
    await page.says('[data-testid=error]', 'SQLITE_READONLY');
    await page.says(ROW_1, 'Rock');
    await run(page, 'PRAGMA query_only = 0');
    await browse(page, 'labels');
    await page.says('[data-testid=table-browser]', 'Read-only: a view has no rows of its own');
    await page.keys('Delete');
    await page.says('#activity', 'Read-only');
    await page.pressWords('← Queries');
  });
}

export async function insertSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('inserts a row with its defaults, shows it, and takes it back', async () => {
    await browse(page, 'shelf1 · 4.1 kB');
    await page.keys('Insert');
    await page.page.waitForSelector('[data-testid=insert-form]');
    await page.keys('Enter');
    await page.says(SELECTED, '9007199254740994new; "one"');
    await page.click('undo');
    await page.says('.caption', '1–1 of 1 row');
    await page.click('insert-row');
    await page.page.type('[data-testid="field label"]', 'first');
    await page.click('insert-more');
    await page.says('[data-testid=inserted]', '1 row inserted');
    await page.page.keyboard.type('second');
    await page.keys('Enter');
    await page.says('.caption', '1–3 of 3 rows');
    await page.says(SELECTED, 'second');
    await page.click('undo');
    await page.says('.caption', '1–1 of 1 row');
    await page.click('insert-row');
    await page.page.select('[aria-label="Kind of label"]', 'null');
    await page.click('insert-ok');
    await page.says('[data-testid=insert-problem]', 'NOT NULL constraint failed: shelf.label');
    await page.page.select('[aria-label="Kind of label"]', 'text');
    await page.click('insert-ok');
    await expectRows(page, 'SELECT quote(label) FROM shelf ORDER BY id', "'lower',''");
  });
  await step('takes bytes from a file, in a new row and in a cell', async () => {
    await browse(page, 'shelf2 · 4.1 kB');
    await page.click('insert-row');
    await page.page.select('[aria-label="Kind of label"]', 'file');
    await page.click('insert-ok');
    await page.says('[data-testid=insert-problem]', 'label: Choose a file');
    await page.give('[aria-label="File for label"]', 'a.bin', Buffer.alloc(20_000, 7));
    await page.says('.insert-form pre', "X'07070707070707070707070707070707…' /* 20,000 bytes */");
    await page.click('insert-ok');
    await page.says(SELECTED, 'BLOB 20 kB');
    await page.keys('ArrowRight', 'Enter');
    await page.says('dialog', 'It is a BLOB of 20 kB');
    await page.give('[aria-label="File for Value"]', 'b.bin', Buffer.from('0aff', 'hex'));
    await page.click('edit-ok');
    await page.says(SELECTED, 'BLOB 2 bytes  0a ff');
    await page.click('apply');
    await page.says('[data-testid=edit-bar]', '1 change made');
    const labels = 'SELECT quote(label) FROM shelf ORDER BY id';
    await expectRows(page, `${labels} DESC LIMIT 1`, "X'0AFF'");
  });
  await step('inserts into a table without row numbers, whatever the names', async () => {
    await browse(page, `${HOSTILE}3 · 4.1 kB`);
    await page.page.type('[data-testid=filter]', 'n < 0');
    await page.keys('Enter');
    await page.says('.caption', '1–1 of 1 row');
    await page.click('insert-row');
    await page.page.waitForSelector('[data-testid=insert-form]');
    const generated = await page.page.$('[data-testid="field g"]');
    if (generated !== null) throw new Error('a column is offered that is computed');
    await page.page.type('[data-testid="field select"]', 'A');
    await page.page.type('[data-testid="field n"]', '9007199254740993');
    await page.page.type(`[aria-label='a "b']`, '0a ff');
    await page.keys('Enter');
    await page.says('[data-testid=insert-problem]', 'UNIQUE constraint failed');
    await page.page.type('[data-testid="field n"]', '1');
    await page.keys('Enter');
    await page.says(SELECTED, 'A90071992547409931BLOB 2 bytes  0a ff');
    await expectRows(page, `${ALL} WHERE n > 1e16`, "'A'90071992547409931X'0AFF'90071992547409932");
  });
}

export async function virtualStep(page: ConsolePage, step: Step): Promise<void> {
  await step('inserts into a virtual table, and deletes from it', async () => {
    await browse(page, 'notes0');
    await page.keys('Delete');
    await page.says('#activity', 'There is no row to delete');
    await page.keys('Insert');
    await page.page.waitForSelector('[data-testid=insert-form]');
    await page.page.keyboard.type('a word');
    await page.keys('Enter');
    await page.says(SELECTED, 'a word');
    await page.keys('Delete');
    await page.click('confirm-ok');
    await page.says('[data-testid=edit-bar]', '1 row deleted.');
    const bar = await page.text('[data-testid=edit-bar]');
    if (bar !== '1 row deleted.Undo') throw new Error(`it says ${bar}`);
    await page.pressWords('← Queries');
  });
}

export async function exportSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('exports a whole table, or what the filter lets through', async () => {
    await browse(page, 'Track3,503 · 238 kB');
    await page.click('next-page');
    await page.says('.caption', '501–1,000 of 3,503 rows');
    const lines = async () => (await page.download()).toString().split('\r\n').length - 1;
    await page.press('[data-testid=table-browser] [data-testid=download]');
    await page.says('#activity', 'Wrote 3,503 rows of Track as CSV');
    if ((await lines()) !== 3504) throw new Error(`the file has ${await lines()} lines`);
    await page.page.type('[data-testid=filter]', 'GenreId = 2 -- jazz');
    await page.keys('Enter');
    await page.says('.caption', '1–130 of 130 rows');
    await page.press('[data-testid=table-browser] [data-testid=download]');
    await page.says('#activity', 'Wrote 130 rows of Track as CSV');
    if ((await lines()) !== 131) throw new Error(`the file has ${await lines()} lines`);
  });
  await step('exports a table as SQL that makes its rows again', async () => {
    await browse(page, `${HOSTILE}4 · 4.1 kB`);
    await page.page.select('[data-testid=table-browser] [data-testid=format]', 'insert');
    await page.press('[data-testid=table-browser] [data-testid=download]');
    await page.says('#activity', 'Wrote 4 rows');
    const text = (await page.download()).toString();
    await run(page, `CREATE TABLE kept AS SELECT * FROM ${TABLE}; DELETE FROM ${TABLE};`);
    await page.run(text);
    const same = `SELECT count(*), (SELECT count(*) FROM ${TABLE}) FROM (${EXCEPT})`;
    await page.run(same);
    const found = (await page.cells()).join();
    if (found !== '0,4') throw new Error(`rows that differ, and all: ${found}`);
  });
}

/** Runs SQL instead of looking at a table. */
async function run(page: ConsolePage, sql: string): Promise<void> {
  await page.pressWords('← Queries');
  await page.run(sql);
}

/** Opens the table whose line in the schema says so, and goes to its rows. */
export async function browse(page: ConsolePage, line: string): Promise<void> {
  await page.idle();
  await page.until(
    (wanted) => {
      const found = [...document.querySelectorAll<HTMLDetailsElement>('.tree-item')].find(
        ({ firstElementChild }) => firstElementChild?.textContent?.trim() === wanted,
      );
      if (found === undefined) return false;
      found.open = true;
      const browses = found.querySelector<HTMLElement>('[data-testid=browse]');
      browses?.click();
      return browses !== null;
    },
    'the table is opened',
    line,
  );
  await page.idle();
  await page.until(
    () => document.activeElement?.matches('[data-testid=table-browser] .grid') ?? false,
    'its rows have the focus',
  );
}

export async function withShift(page: ConsolePage, ...keys: Parameters<ConsolePage['keys']>) {
  await page.page.keyboard.down('Shift');
  await page.keys(...keys);
  await page.page.keyboard.up('Shift');
}

async function expectRows(page: ConsolePage, sql: string, expected: string): Promise<void> {
  await run(page, sql);
  const found = (await page.cells()).join();
  if (found !== expected) throw new Error(`the rows are ${found}`);
}
