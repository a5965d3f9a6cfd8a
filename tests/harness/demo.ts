// A look at the built demo in Chromium, as a person would use it: load the sample, run SQL, reload,
// make a mistake. main.ts calls it; it must not know more of the demo than its test ids.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startChromium } from './drivers/chromium';
import { ROOT } from './options';
import { killMarked } from './processes';
import type { Results } from './report';

export const DEMO_ROW = 'demo in chromium';

const WAIT = { timeout: 20_000 };

export async function runDemo(
  origin: string,
  profiles: string,
  out: string,
  results: Results,
): Promise<void> {
  results.begin(DEMO_ROW);
  const { context, mark } = await startChromium(join(profiles, 'demo'), () => undefined);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  const step = async (name: string, action: () => Promise<void>) => {
    const started = performance.now();
    try {
      await action();
      if (complaints.length > 0) throw new Error(`the page complains: ${complaints.join('; ')}`);
      results.passed(DEMO_ROW, name, performance.now() - started);
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      results.failed(DEMO_ROW, name, performance.now() - started, message, stack ?? '');
    }
    await page.screenshot({ path: join(out, `demo-${name.replace(/\W+/g, '-')}.png`) });
  };
  try {
    await page.goto(origin);
    await steps(page, step);
  } finally {
    await context.close();
    await killMarked(mark);
  }
}

type Step = (name: string, action: () => Promise<void>) => Promise<void>;

const SAMPLE = join(ROOT, 'demo/public/chinook.sqlite');
const COUNT = 'SELECT count(*) AS tracks FROM Track';
const TRACKS = '3503';
const MISTAKE = "SELECT 1;\nSELECT 'é漢😀';\nSELEC 3";

async function steps(page: Page, step: Step): Promise<void> {
  await step('loads the sample', async () => {
    await idle(page);
    await page.getByTestId('load-chinook').click(WAIT);
    await answersCount(page);
  });
  await step('shows which twin runs', async () => {
    await page.getByTestId('status').getByText(/jspi/i).first().waitFor(WAIT);
  });
  await step('still has the data after a reload', async () => {
    await page.reload();
    await answersCount(page);
  });
  await step('underlines an error where the text is wrong', async () => {
    await run(page, MISTAKE);
    await page.getByTestId('error').getByText(/SELEC/).first().waitFor(WAIT);
    const marked = page.getByTestId('editor').locator('.cm-lintRange-error');
    await marked.getByText('SELEC', { exact: true }).waitFor(WAIT);
  });
  await step('exports what it imported', async () => {
    const download = page.waitForEvent('download', WAIT);
    await page.getByTestId('export').click(WAIT);
    const bytes = readFileSync(await (await download).path());
    if (!bytes.equals(readFileSync(SAMPLE))) throw new Error('the export is not the sample');
  });
  await step('imports a file', async () => {
    const file = { name: 'music.sqlite', mimeType: '', buffer: readFileSync(SAMPLE) };
    await page.getByTestId('import').setInputFiles(file);
    await page.getByTestId('status').getByText('Imported music.sqlite').waitFor(WAIT);
    await answersCount(page);
  });
}

async function answersCount(page: Page): Promise<void> {
  await run(page, COUNT);
  await page.getByTestId('result').getByText(TRACKS).waitFor(WAIT);
}

async function run(page: Page, sql: string): Promise<void> {
  await idle(page);
  const content = page.getByTestId('editor').locator('.cm-content');
  await content.fill(sql, WAIT);
  await content.press('Control+Enter');
}

/** The console does one thing at a time and says so on its body. */
async function idle(page: Page): Promise<void> {
  await page.locator('body:not([data-busy])').waitFor(WAIT);
}
