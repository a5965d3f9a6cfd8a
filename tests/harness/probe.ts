// `node tests/probe.mjs`: what each engine asks of the operating system when OPFS is used, seen by
// strace, step by step. `cargo xtask probe-medium` calls it. Fills target/probe/medium.json and the
// table in docs/durability.md; the steps are in page/probe.ts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PROBE_STEPS } from '../wire';
import type { Browser } from '../wire';
import { Channel } from './channel';
import { classify, conclude, tables } from './medium';
import type { Medium, Step } from './medium';
import { BROWSERS, ROOT } from './options';
import { withProfiles } from './profiles';
import { print } from './report';
import { serveTests } from './server';
import { Session } from './session';
import { trace } from './strace';

/** What an engine does within this time of its answer is still put down to the step. */
const AFTERWARDS_MS = 1500;

const BEGIN = '<!-- Filled in by `cargo xtask probe-medium`; edits are lost. -->';
const END = '<!-- End of what `cargo xtask probe-medium` fills in. -->';

export async function main(args: readonly string[]): Promise<number> {
  const folder = join(ROOT, 'target/probe');
  mkdirSync(folder, { recursive: true });
  const wanted = args.length === 0 ? BROWSERS : BROWSERS.filter((name) => args.includes(name));
  const media: Medium[] = [];
  await withProfiles(async (profiles) => {
    for (const browser of wanted) media.push(await probe(browser, profiles, folder));
  });
  writeFileSync(join(folder, 'medium.json'), JSON.stringify(media, null, 1));
  const text = tables(media);
  print(text);
  if (wanted.length === BROWSERS.length) fill(join(ROOT, 'docs/durability.md'), text);
  return 0;
}

async function probe(browser: Browser, profiles: string, folder: string): Promise<Medium> {
  const channel = new Channel();
  const nobody = () => Promise.reject(new Error('the probe has no second tab'));
  const server = await serveTests(channel, '', nobody);
  const session = new Session(browser, 'plain', { channel, origin: server.origin, profiles });
  await session.start();
  try {
    const tracing = await trace(session.processes(), join(folder, `${browser}.strace`));
    const windows = [];
    for (const name of PROBE_STEPS) {
      const began = Date.now() / 1000;
      const outcome = await session.command({ type: 'probe', step: name });
      const answered = Date.now() / 1000;
      await delay(AFTERWARDS_MS);
      windows.push({ name, began, answered, ended: Date.now() / 1000, outcome });
    }
    const calls = classify(browser, await tracing.stop());
    const steps = windows.map(({ name, began, answered, ended, outcome }): Step => {
      const within = calls
        .filter(({ at }) => at >= began && at < ended)
        .map((call) => ({ ...call, late: call.at > answered }));
      return { name, failure: outcome.ok ? undefined : outcome.message, calls: within };
    });
    return { version: session.version, steps, ...conclude(steps) };
  } finally {
    await session.abandon();
    server.close();
  }
}

/** Puts the tables between their two marks. */
function fill(file: string, text: string): void {
  const old = readFileSync(file, 'utf8');
  const [begin, end] = [old.indexOf(BEGIN), old.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for the table`);
  writeFileSync(file, `${old.slice(0, begin)}${BEGIN}\n\n${text}\n\n${old.slice(end)}`);
}
