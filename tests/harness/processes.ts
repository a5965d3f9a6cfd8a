// Which processes this run has started, and their end. Every browser is started with a mark in
// its environment, which its children inherit: what carries it is ours, whoever its parent is now,
// and so is what such a process has started.
// It must not touch any other process.
import { readFileSync, readdirSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const MARK = 'ANCHORITE_TEST_PROCESS';
const runMark = randomUUID();
let launches = 0;
let over = false;

/** An environment for one launch, and the mark by which its processes are found again. */
export function markedEnvironment(extra: Record<string, string> = {}): {
  env: Record<string, string>;
  mark: string;
} {
  if (over) throw new Error('the run is over');
  const mark = `${runMark}-${++launches}-`;
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { env: { ...Object.fromEntries(inherited), ...extra, [MARK]: mark }, mark };
}

/** Kills everything that carries the mark with SIGKILL and waits until it is gone. */
export async function killMarked(mark: string): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const pids = marked(mark);
    if (pids.length === 0) return;
    for (const pid of pids) killOne(pid);
    await delay(10);
  }
  throw new Error(`processes ${marked(mark).join(', ')} survive SIGKILL`);
}

/** The end of the run, also of an interrupted one: nothing stays behind, nothing starts. */
export async function killAll(): Promise<void> {
  over = true;
  await killMarked(runMark);
}

/**
 * Those still running, and what they have started: Chromium's renderers write their titles over
 * their environment. A zombie has no environment any more and does not count.
 */
export function marked(mark: string): number[] {
  const all = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid);
  const ours = new Set(all.filter((pid) => environmentOf(pid).includes(`${MARK}=${mark}`)));
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  for (let before = -1; before !== ours.size; ) {
    before = ours.size;
    for (const [pid, parent] of parents) if (ours.has(parent)) ours.add(pid);
  }
  return [...ours];
}

/** 0 for a process that is gone, or a zombie. */
function parentOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return /^State:\tZ/m.test(status) ? 0 : Number(/^PPid:\t(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

/** SIGKILL to a process that `marked` has named. */
export function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself between the listing and the kill.
  }
}

/** Whether the main thread of a process runs, or would if it had a processor. */
export function isBusy(pid: number): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')') + 2).startsWith('R');
  } catch {
    return false;
  }
}
