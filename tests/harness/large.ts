// `node tests/large.mjs`: databases of 1 GiB and more with Wasm memory of half that size, stage by
// stage in each engine and build. `cargo xtask torture large` calls it. The stages are in
// page/large/stages.ts. Leaves target/large/large.json; the last line sums up.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LARGE_STAGES } from '../large-wire';
import type { LargeFigures, LargeRequest } from '../large-wire';
import type { Browser, Twin } from '../wire';
import { withLoneSession } from './lone';
import { ROOT } from './options';
import { withProfiles } from './profiles';
import { print } from './report';

/** Where this can run: engines with sync handles. */
const CELLS: readonly (readonly [Browser, Twin])[] = [
  ['chromium', 'jspi'],
  ['chromium', 'asyncify'],
  ['firefox', 'jspi'],
  ['firefox', 'asyncify'],
];

const DEFAULT_MIB = 1024;

/** With half of this as memory, sorts succeed whose temporary files leave it, and no others. */
const LEAST_MIB = 256;

/** The stages that shall run out of memory. */
const SPENDERS = ['temp_store = MEMORY', 'rows and export', ':memory:'];

const STAGE_MS = 30 * 60_000;

type Size = Pick<LargeRequest, 'mib' | 'limitMib'>;

interface Result {
  readonly engine: string;
  readonly twin: Twin;
  readonly stage: string;
  readonly figures?: LargeFigures;
  readonly failure?: string;
}

/** Arguments: parts of cell names (`chromium-jspi`), and a size in MiB if it shall be another. */
export async function main(args: readonly string[]): Promise<number> {
  const mib = Number(args.find((arg) => /^\d+$/.test(arg)) ?? DEFAULT_MIB);
  if (mib < LEAST_MIB) throw new Error(`${mib} MiB show nothing, ${LEAST_MIB} are the least`);
  const size = { mib, limitMib: Math.floor(mib / 2) };
  const names = args.filter((arg) => !/^\d+$/.test(arg));
  const wanted = CELLS.filter(
    (cell) => names.length === 0 || names.some((name) => cell.join('-').includes(name)),
  );
  const results: Result[] = [];
  await withProfiles(async (profiles) => {
    for (const [browser, twin] of wanted) await runCell(browser, twin, size, profiles, results);
  });
  const folder = join(ROOT, 'target/large');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'large.json'), JSON.stringify(results, null, 1));
  return summary(results, size);
}

async function runCell(
  browser: Browser,
  twin: Twin,
  size: Size,
  profiles: string,
  results: Result[],
): Promise<void> {
  await withLoneSession(browser, profiles, async (session) => {
    print(`\n${session.version}, ${twin}, ${size.mib} MiB with ${size.limitMib} MiB of memory`);
    for (const stage of LARGE_STAGES) {
      const request = { stage, twin, ...size };
      const outcome = await session.command({ type: 'large', request }, STAGE_MS);
      const where = { engine: session.version, twin, stage };
      const result = outcome.ok
        ? { ...where, figures: outcome.value as LargeFigures }
        : { ...where, failure: outcome.message };
      results.push(result);
      print(`  ${show(result)}`);
      if ('lost' in outcome) await session.recover(outcome.lost);
    }
  });
}

function show({ stage, figures, failure }: Result): string {
  const name = stage.padEnd(20);
  if (figures === undefined) return `${name} FAILED: ${failure}`;
  const { seconds, memoryMib, spilledMib, note } = figures;
  const columns = [
    `${seconds.toFixed(1).padStart(7)} s`,
    `memory ${memoryMib.toFixed(0).padStart(4)} MiB`,
    `spilled ${spilledMib.toFixed(0).padStart(5)} MiB`,
    note,
  ];
  return `${name} ${columns.join('  ')}`;
}

function summary(results: readonly Result[], { mib, limitMib }: Size): number {
  const failed = results.filter(({ failure }) => failure !== undefined);
  const most = (of: 'memoryMib' | 'spilledMib', concerns: (stage: string) => boolean) => {
    const counted = results.filter(({ stage }) => concerns(stage));
    const figures = counted.flatMap(({ figures }) => (figures === undefined ? [] : [figures[of]]));
    return `${Math.max(0, ...figures).toFixed(0)} MiB`;
  };
  const succeeds = (stage: string) => !SPENDERS.includes(stage);
  print(
    `\ntorture large: ${results.length} stages on ${mib} MiB, ${failed.length} failed; ` +
      `of ${limitMib} MiB of memory ${most('memoryMib', (stage) => stage === 'scan')} to scan, ` +
      `${most('memoryMib', succeeds)} to sort, index and vacuum, ` +
      `with ${most('spilledMib', succeeds)} in temporary files`,
  );
  return failed.length === 0 && results.length > 0 ? 0 : 1;
}
