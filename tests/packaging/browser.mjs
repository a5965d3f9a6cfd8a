// Visits of a page in Chromium. Called by run.mjs; it must not know how the page was made.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

/** How long a visit may take, in ms. */
const VISIT_MS = 30_000;

/** Chromium on a fresh profile, and how to end it. */
export async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'anchorite-packaging-'));
  const browser = await puppeteer.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    userDataDir: profile,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  const close = async () => {
    await browser.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { browser, close };
}

async function outcome(page) {
  const shown = await page.waitForSelector('body[data-outcome]', { timeout: VISIT_MS });
  return JSON.parse(await shown.evaluate((body) => body.dataset.outcome));
}

/** Makes a database by one visit and finds it by the next; nothing is complained of. */
export async function visitTwice(browser, origin, database, options, expected) {
  const page = await browser.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (line) => {
    if (line.type() === 'error') complaints.push(line.text());
  });
  try {
    const query = new URLSearchParams({ database, options: JSON.stringify(options) });
    await page.goto(`${origin}/?${query}`, { waitUntil: 'domcontentloaded' });
    assert.deepEqual(await outcome(page), { visits: 0, ...expected }, complaints.join('\n'));
    await page.reload({ waitUntil: 'domcontentloaded' });
    assert.deepEqual(await outcome(page), { visits: 1, ...expected }, complaints.join('\n'));
    assert.deepEqual(complaints, []);
  } finally {
    await page.close();
  }
}
