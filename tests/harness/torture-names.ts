// Lost names, in Chromium: its store of names is a log that is never synced, so a loss of power may
// take back its latest records, while contents that were removed stay so. Here the browser is
// killed soon after imports, and the end of that log is cut off before the profile is opened again.
// On asynchronous handles a commit is a change of names itself, and promises nothing of the sort.
// torture.ts calls `loseNames`. It must not know what an import does.
import { readFileSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict, VictimEnd, Writer } from '../torture-wire';
import { print } from './report';
import { pick } from './score';
import type { Surroundings } from './score';

/** The folder of a profile in which Chromium keeps the names of an origin's files. */
const STORE = 'Default/File System/000/t/Paths';

/** Replaced by an import, then by a transaction, and so on. */
const BEFORE = 4;
const SINCE = 3;

// The log of LevelDB: blocks of records, each with a checksum, a length and a type before it.
// Source: doc/log_format.md of LevelDB. It is cut between records only: LevelDB goes on writing
// behind a record that was cut in two, and loses the rest of that block when it is read again.
const BLOCK_SIZE = 32_768;
const HEADER_SIZE = 7;
const LENGTH_AT = 4;

/** Each round loses what was named since a moment that all before it has survived. */
export async function loseNames(around: Surroundings, losses: number): Promise<void> {
  const { browser, random, score, session } = around;
  if (browser !== 'chromium' || losses === 0) return;
  const store = join(session.profile, STORE);
  const started = performance.now();
  for (let loss = 0; loss < losses; loss++) {
    const twin = pick(random, ['jspi', 'asyncify'] as const);
    const database = `names-${loss}.db`;
    const writer: Writer = { database, workload: 'import', handles: 'sync', twin };
    const first = { acknowledged: -1, begun: -1 };
    const old = await imports(around, writer, first, BEFORE);
    const durable = logs(store);
    const end = await imports(around, writer, old, SINCE);
    let cut = 0;
    await session.killBrowser(() => {
      cut = cutLogs(store, durable, random);
    });
    const bounds = { acknowledged: old.acknowledged, begun: end.begun };
    const request = { type: 'verify', writer, bounds, inWindow: false } as const;
    const verdict = (await session.torture(request)) as Verdict;
    const what = `${cut} B of names lost after imports, ${twin}`;
    score.kill({ browser, kind: 'names', what, verdicts: [verdict] });
  }
  const took = ((performance.now() - started) / 1000).toFixed(1);
  print(`  ${browser}: ${losses} losses of names in ${took} s`);
}

async function imports(
  { session }: Surroundings,
  writer: Writer,
  bounds: VictimEnd['bounds'],
  transactions: number,
): Promise<VictimEnd['bounds']> {
  const request = { type: 'victim', writer, transactions, bounds } as const;
  return ((await session.torture(request)) as VictimEnd).bounds;
}

/** The logs of the store and their sizes. */
function logs(store: string): Map<string, number> {
  const names = readdirSync(store).filter((name) => name.endsWith('.log'));
  return new Map(names.map((name) => [name, statSync(join(store, name)).size]));
}

/** Cuts each log after one of the records since it was durable; the bytes cut off. */
function cutLogs(store: string, durable: Map<string, number>, random: () => number): number {
  let cut = 0;
  for (const [name, size] of logs(store)) {
    const left = pick(random, ends(readFileSync(join(store, name)), durable.get(name) ?? 0));
    truncateSync(join(store, name), left);
    cut += size - left;
  }
  return cut;
}

/** Where records end, from a place on that is such an end. */
function ends(log: Buffer, from: number): number[] {
  const found = [from];
  let position = from;
  while (position + HEADER_SIZE <= log.length) {
    const left = BLOCK_SIZE - (position % BLOCK_SIZE);
    if (left < HEADER_SIZE) {
      position += left;
      continue;
    }
    position += HEADER_SIZE + log.readUInt16LE(position + LENGTH_AT);
    if (position <= log.length) found.push(position);
  }
  return found;
}
