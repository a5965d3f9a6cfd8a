// What a person does in the console, step by step. demo.ts runs it in each browser; steps go on
// from what those before them have left. It must know no more of the console than words and test
// ids.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsolePage } from './demo-page';
import { browse, withShift } from './demo-rows';
import { ROOT } from './options';

export type Step = (name: string, action: () => Promise<void>) => Promise<void>;

const SAMPLE = join(ROOT, 'demo/public/chinook.sqlite');
const COUNT = 'SELECT count(*) AS tracks FROM Track';
const TRACKS = '3503';
const MISTAKE = "SELECT 1;\nSELECT 'é漢😀';\nSELEC 3";
const SERIES = 'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 40000)';
const ENDLESS =
  'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT count(*) FROM c';

export async function sampleSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('loads the sample', async () => {
    await page.click('load-chinook');
    await page.says('.grid', 'Iron Maiden');
    await answersCount(page);
  });
  await step('shows which twin runs', () => page.says('[data-fact=engine]', 'jspi'));
  await step('still has the data after a reload', async () => {
    await page.page.reload({ waitUntil: 'domcontentloaded' });
    await page.says('.message', 'chinook.sqlite is open, with 11 tables.');
    await page.pressWords('Show the tables');
    const isThere = () => document.activeElement?.getAttribute('aria-label') === 'Filter by name';
    await page.until(isThere, 'the schema has the focus');
    await answersCount(page);
  });
  await step('proposes columns of the tables that a statement names', async () => {
    await page.page.waitForSelector('#editor[data-tables="11"]');
    await page.write('SELECT count(*) FROM Invoice WHERE ');
    await page.page.keyboard.type('Billi');
    await page.page.waitForSelector('#editor >>> .cm-tooltip-autocomplete', {
      visible: true,
    });
    await page.keys('Escape');
    await page.run('SELECT sum(Totl) FROM Invoice');
    await page.says('[data-testid=error]', 'Did you mean Total?');
    await page.run('SELECT * FROM nothing_like_it');
    await page.says('[data-testid=error]', '“chinook.sqlite” is open here');
  });
  await step('underlines an error where the text is wrong', async () => {
    await page.run(MISTAKE);
    await page.says('[data-testid=error]', 'SELEC');
    const marked = await page.page.waitForSelector('#editor >>> .cm-lintRange-error');
    const text = await marked?.evaluate((element) => element.textContent);
    if (text !== 'SELEC') throw new Error(`“${text}” is underlined`);
    await page.says('[role=tab]', '2 · SELECT');
  });
  await step('exports what it imported', async () => {
    await page.click('export');
    await page.says('#activity', 'Exported');
    const bytes = await page.download();
    if (!bytes.equals(readFileSync(SAMPLE))) throw new Error('the export is not the sample');
  });
  await step('imports a file', async () => {
    await page.choose('music.sqlite', readFileSync(SAMPLE));
    await page.says('#activity', 'Imported music.sqlite');
    await answersCount(page);
  });
}

export async function resultSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('shows the first rows of many and fetches the others', async () => {
    await page.run(`${SERIES} SELECT i, i / 2.0 AS half, NULL AS none, x'00ff' AS blob FROM c`);
    await page.says('.caption', '40,000 rows');
    await page.page.focus('.grid');
    await page.page.keyboard.down('Control');
    await page.keys('End');
    await page.page.keyboard.up('Control');
    await page.says('.grid-row', '20000.0');
    const nodes = await page.page.evaluate(() => document.querySelectorAll('*').length);
    if (nodes > 3000) throw new Error(`${nodes} elements`);
    for (const text of ['NULL', 'BLOB 2 bytes  00 ff']) await page.says('.grid-row', text);
  });
  await step('sorts by the same SQL', async () => {
    await page.press('.grid-head [data-column="0"] .grid-name');
    await page.idle();
    await page.press('.grid-head [data-column="0"] .grid-name');
    await page.idle();
    await page.says('.grid-row[data-row="0"]', '40000');
  });
  await step('gives up what runs, and goes on', async () => {
    await page.start(ENDLESS);
    await page.click('cancel');
    await page.idle();
    await page.says('#activity', 'Cancelled');
    await page.says('.caption', 'not run to its end');
    await answersCount(page);
  });
  await step('asks for parameters', async () => {
    await page.start('SELECT :name AS name, :number + 1 AS number');
    await page.page.waitForSelector('[data-testid=params]');
    await page.page.type('[aria-label="Value of :name"]', 'Ada');
    await page.page.type('[aria-label="Value of :number"]', '41');
    await page.click('params-ok');
    await page.idle();
    const cells = await page.cells();
    if (cells.join() !== 'Ada,42') throw new Error(`the row is ${cells.join()}`);
  });
  await step('marks scans in the plan, and draws a chart', async () => {
    await page.run('SELECT GenreId, count(*) AS tracks FROM Track GROUP BY GenreId');
    await page.pressWords('Plan');
    await page.says('[data-testid=plan] .badge', 'whole');
    await page.pressWords('Chart');
    await page.page.waitForSelector('[data-testid=chart] canvas');
  });
  await step('opens a cell', async () => {
    await page.run(`SELECT '{"a": [1, "<b>"]}' AS json`);
    await page.page.focus('.grid');
    await page.keys('Enter');
    await page.says('[data-testid=viewer]', '<b>');
    await page.keys('Escape');
  });
}

export async function panelSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('edits a cell, and takes it back', async () => {
    await page.panel('Schema');
    await page.pressWords('Genre25 · 4.1 kB');
    await page.click('browse');
    await page.idle();
    await page.page.focus('[data-testid=table-browser] .grid');
    await page.keys('ArrowRight', 'Enter');
    await page.page.waitForSelector('[data-testid=edit-value]');
    await page.page.keyboard.type('Rock & <b>Roll</b>');
    await page.click('edit-ok');
    await page.click('next-page');
    await page.says('#activity', '1 change not made yet: make or discard what waits first');
    await page.pressWords('← Queries');
    await page.says('dialog', 'Leave 1 change unmade?');
    await page.click('confirm-cancel');
    await page.pressWords('SELECT');
    await page.says('dialog', 'Leave 1 change unmade?');
    await page.keys('Escape');
    await page.click('apply');
    await page.says('[data-testid=edit-bar]', '1 change made');
    await page.says('.grid-row[data-row="0"]', 'Rock & <b>Roll</b>');
    await page.click('undo');
    await page.idle();
    await page.pressWords('← Queries');
    await page.run('SELECT Name FROM Genre WHERE GenreId = 1');
    await page.says('.grid-row', 'Rock');
    const cells = await page.cells();
    if (cells[0] !== 'Rock') throw new Error(`the cell is ${cells[0]}`);
  });
}

export async function importSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('takes CSV in and gives CSV out without formulae', async () => {
    await page.choose('prices.csv', 'name,price,code\r\n"Tea, green",3.5,007\r\n=1+1,,12\r\n');
    await page.click('import-ok');
    await page.says('#last-run', '2 rows');
    const types = 'SELECT typeof(price), typeof(code), code FROM prices LIMIT 1';
    await page.run(types);
    if ((await page.cells()).join() !== 'real,text,007') throw new Error('types are lost');
    await page.run('SELECT * FROM prices');
    await page.click('download');
    await page.says('#activity', 'Wrote 2 rows');
    const text = (await page.download()).toString();
    const expected = `name,price,code\r\n"Tea, green",3.5,007\r\n'=1+1,,12\r\n`;
    if (text !== expected) throw new Error(`the file is ${JSON.stringify(text)}`);
  });
  await step('takes in what spreadsheets write, into a table of a free name', async () => {
    await page.choose('prices.csv', Buffer.from('Name;Preis\n\xc4pfel;1,50\n', 'latin1'));
    await page.says('dialog', 'into a new table of music.sqlite');
    await page.page.focus('[data-testid=import-table]');
    await page.keys('End', 'Backspace', 'Backspace');
    await page.click('import-ok');
    await page.says('[data-testid=import-problem]', 'music.sqlite has a “prices” already');
    await page.page.type('[data-testid=import-table]', ' 2');
    await page.click('import-ok');
    await page.says('#last-run', '1 row');
    const found = (await page.cells()).join();
    if (found !== 'Äpfel,1.5') throw new Error(`the row is ${found}`);
  });
  await step('copies, renames and deletes a database', async () => {
    await page.panel('Files');
    await answersName(page, 'duplicate music.sqlite', 'copy.sqlite');
    await page.says('[data-testid=files]', 'copy.sqlite');
    await answersName(page, 'rename copy.sqlite', 'other.sqlite');
    await page.says('[data-testid=files]', 'other.sqlite');
    await page.click('delete other.sqlite');
    await page.click('confirm-ok');
    await page.says('#activity', 'Deleted other.sqlite');
    // What is below moves up when it has left the list.
    await page.page.waitForSelector('[data-testid="delete other.sqlite"]', { hidden: true });
    const isThere = () => document.activeElement?.closest('[data-testid=files]') !== null;
    await page.until(isThere, 'the list of files has the focus');
    await page.click('check');
    await page.says('dialog', 'The database is sound');
    await page.keys('Escape');
  });
}

export async function keepSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('keeps what was run and saved', async () => {
    await page.run('SELECT 42 AS answer');
    await answersName(page, 'save-query', 'The answer');
    await page.click('close-query');
    await page.says('#activity', 'Alt Shift Z brings it back');
    await page.page.keyboard.down('Alt');
    await withShift(page, 'KeyZ');
    await page.page.keyboard.up('Alt');
    await fillName(page, 'save-query', 'The answer');
    await page.says('dialog', 'Replace the saved query?');
    await page.click('confirm-ok');
    await page.says('#activity', 'Saved as The answer');
    await page.run('SELECT 1 AS one WHERE 0');
    await page.page.waitForSelector('[data-empty] .grid');
    await page.panel('History');
    await page.says('[data-testid=history]', 'The answer');
    await page.says('[data-testid=history]', 'SELECT * FROM prices');
    await page.panel('Engine');
    await page.says('[data-testid=engine-facts]', (await isFirefox(page)) ? 'owner' : 'shared');
    await page.says('[data-testid=cost]', 'hits');
  });
  await step('compares the engines', async () => {
    await page.run('SELECT * FROM Genre');
    await page.click('compare');
    await page.says('#activity', 'Compared.');
    await page.says('.compared thead', 'jspiasyncifysync');
    await page.says('[data-testid=compared]', 'The answers are equal: 25 rows');
    await page.panel('Schema');
    await page.run('SELECT 42 AS answer');
  });
}

/** What goes wrong, in words, and the way on. */
export async function troubleSteps(page: ConsolePage, step: Step): Promise<void> {
  await step('takes no damaged file, and says what to do', async () => {
    const damaged = readFileSync(SAMPLE).subarray(0, 200_000);
    await page.choose('damaged.sqlite', damaged);
    await page.says('[data-testid=error]', 'damaged.sqlite was not imported');
    await page.says('[data-testid=error]', 'try a backup');
    await page.says('[data-testid=retry]', 'Choose another file');
    await answersCount(page);
  });
  await step('says that a transaction is open, and ends it', async () => {
    await page.run('BEGIN; DELETE FROM PlaylistTrack');
    await page.says('[data-testid=transaction]', 'A transaction is open');
    await browse(page, 'Genre25 · 4.1 kB');
    await page.keys('Delete');
    await page.click('confirm-ok');
    await page.says('[data-testid=error]', 'A transaction is open: commit it or roll it back');
    await page.pressWords('← Queries');
    await page.click('load-chinook');
    await page.click('confirm-ok');
    await page.says('dialog', 'Leave the open transaction?');
    await page.click('confirm-cancel');
    await page.says('#activity', 'The transaction is still open');
    await page.click('roll-back');
    await page.page.waitForSelector('[data-testid=transaction]', { hidden: true });
    await page.run('SELECT count(*) FROM PlaylistTrack');
    await page.says('.grid-row', '8715');
  });
  await step('answers who asks for two things at once', async () => {
    await page.start(ENDLESS);
    await page.panel('Files');
    await page.click('vacuum');
    await page.says('#activity', 'Wait for it or cancel it first');
    await page.click('cancel');
    await page.idle();
    await page.panel('Schema');
  });
  // In Firefox an owner has the engine, which no page can end.
  if (await isFirefox(page)) return;
  await step('goes on with a new engine when its worker is ended', async () => {
    await page.endWorkers();
    await page.run('SELECT 1');
    await page.says('[data-testid=error]', 'What was committed is kept');
    await page.click('retry');
    await page.idle();
    await answersCount(page);
  });
}

/** Two tabs of the console on one database. */
export async function tabSteps(page: ConsolePage, other: ConsolePage, step: Step): Promise<void> {
  await step('shows what another tab has changed', async () => {
    await other.page.bringToFront();
    await other.run('CREATE TABLE elsewhere (a)');
    await page.page.bringToFront();
    await page.says('[data-testid=schema]', 'elsewhere');
  });
  await step('says who holds a lock', async () => {
    await other.page.bringToFront();
    await other.run('BEGIN IMMEDIATE; INSERT INTO elsewhere VALUES (1)');
    await page.page.bringToFront();
    await page.run('PRAGMA busy_timeout = 50; INSERT INTO elsewhere VALUES (2)');
    await page.says('[data-testid=error]', 'SQLITE_BUSY');
    // In Firefox one engine serves all tabs, and knows them as connections of its own.
    const holder = (await isFirefox(page)) ? 'another connection' : 'the page /';
    await page.says('[data-testid=error]', holder);
    await other.page.bringToFront();
    await other.run('ROLLBACK');
    await page.page.bringToFront();
    await page.run('INSERT INTO elsewhere VALUES (2)');
    await page.says('#last-run', '1 row changed');
  });
}

async function isFirefox({ page }: ConsolePage): Promise<boolean> {
  return /firefox/i.test(await page.browser().version());
}

async function answersCount(page: ConsolePage): Promise<void> {
  await page.run(COUNT);
  await page.says('.grid-row', TRACKS);
}

async function answersName(page: ConsolePage, testid: string, name: string): Promise<void> {
  await fillName(page, testid, name);
  await page.idle();
}

async function fillName(page: ConsolePage, testid: string, name: string): Promise<void> {
  await page.click(testid);
  await page.page.waitForSelector('[data-testid=name-input]');
  await page.page.$eval(
    '[data-testid=name-input]',
    (input, value) => {
      (input as HTMLInputElement).value = value;
    },
    name,
  );
  await page.click('name-ok');
}
