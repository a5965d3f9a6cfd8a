// Texts that a page may take for something else, shown by the console as cells, columns, tables,
// files and errors. demo.ts runs it; that nothing was run or refused is for the step to find.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsolePage } from './demo-page';
import type { Step } from './demo-steps';
import { ROOT } from './options';

const FILE = join(ROOT, 'tests/data/hostile-strings.json');

export async function hostileSteps(page: ConsolePage, step: Step): Promise<void> {
  const { texts } = JSON.parse(readFileSync(FILE, 'utf8')) as { readonly texts: string[] };
  const named = texts.filter((text) => text !== '' && !text.includes('\0'));
  await step('shows hostile texts as cells, and saves them as CSV', async () => {
    await page.run(`SELECT column1 AS text FROM (VALUES ${texts.map((t) => `(${literal(t)})`)})`);
    await page.says('.caption', `${texts.length} rows`);
    await page.says('.grid-row', '<script>pwned()</script>');
    await page.click('download');
    await page.says('#activity', `Wrote ${texts.length} rows`);
    const formula = /^"?[=+\-@\t]/m;
    const lines = (await page.download()).toString();
    const rows = lines.replaceAll(/"(?:[^"]|"")*"/gs, (quoted) =>
      quoted.replaceAll(/[\r\n]/g, ' '),
    );
    const found = rows.split('\r\n').find((line) => formula.test(line));
    if (found !== undefined) throw new Error(`a formula is left: ${found}`);
  });
  await step('shows hostile texts as columns, plans and charts', async () => {
    await page.run(`SELECT ${named.map((text) => `1 AS ${quoted(text)}`).join(', ')}`);
    await page.says('.grid-head', '<script>pwned()</script>');
    await page.page.$eval('.grid', (grid) => grid.scrollTo(1e9, 0));
    await page.pressWords('Chart');
    await page.page.waitForSelector('[data-testid=chart] canvas');
  });
  await step('shows hostile texts as tables, and where they are browsed', async () => {
    await page.click('new');
    await page.page.waitForSelector('[data-testid=name-input]');
    await page.page.type('[data-testid=name-input]', '<img src=x onerror=pwned()>.sqlite');
    await page.click('name-ok');
    await page.says('#activity', 'Opened <img');
    const tables = named.map((text, index) => quoted(`${index} ${text}`));
    const column = quoted('"><svg onload=pwned()>');
    const statements = tables.map((name) => `CREATE TABLE ${name} (${column})`);
    await page.run(['BEGIN', ...statements, 'COMMIT'].join(';'));
    await page.says('[data-testid=schema]', '0 <script>pwned()</script>');
    await page.pressWords('0 <script>pwned()</script>0 · 4.1 kB');
    await page.click('browse');
    await page.says('.browser-head', '0 <script>pwned()</script>');
    await page.pressWords('← Queries');
  });
  await step('shows hostile texts as errors', async () => {
    await page.run(`SELECT * FROM ${quoted('<img src=x onerror=pwned()>')}`);
    await page.says('[data-testid=error]', '<img src=x onerror=pwned()>');
    await page.choose('<svg onload=pwned()>.csv', 'a,<script>pwned()</script>\n=1+1,\u202eb\n');
    await page.page.waitForSelector('[data-testid=import-table]');
    await page.keys('Escape');
    await page.says('#activity', 'Nothing was imported');
  });
}

function literal(text: string): string {
  return `CAST(X'${Buffer.from(text).toString('hex')}' AS TEXT)`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
