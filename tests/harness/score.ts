// What a kill campaign has found: kills, steps, times and troubles; prints its summary.
// It must not know how anything is killed.
import { createHash } from 'node:crypto';
import type { Browser } from '../wire';
import type { Verdict } from '../torture-wire';
import { print } from './report';
import type { Session } from './session';

/** What both halves of a campaign work with. */
export interface Surroundings {
  readonly session: Session;
  readonly browser: Browser;
  readonly sample: boolean;
  readonly random: () => number;
  readonly score: Score;
}

/** The next open after a kill must succeed within this time, and nearly always in half of it. */
const OPEN_MAX_MS = 5000;
const OPEN_P95_MS = 2500;

interface Kill {
  readonly browser: Browser;
  readonly kind: 'worker' | 'browser' | 'names';
  /** What was killed, in words. */
  readonly what: string;
  readonly verdicts: readonly Verdict[];
}

export class Score {
  readonly #kills: Kill[] = [];
  readonly #troubles: string[] = [];
  /** Kills by row ("chromium jspi") and step. */
  readonly #steps = new Map<string, Map<string, number>>();

  readonly #unmet = new Set<string>();

  kill(kill: Kill): void {
    this.#kills.push(kill);
    for (const { trouble } of kill.verdicts) {
      if (trouble !== undefined) this.trouble(kill.browser, `${kill.what}: ${trouble}`);
    }
  }

  trouble(browser: Browser, what: string): void {
    this.#troubles.push(`${browser}: ${what}`);
    print(`  TROUBLE ${browser}: ${what}`);
  }

  /** Makes a step known, so that one that is never hit shows. */
  expect(row: string, step: string): void {
    const steps = this.#steps.get(row) ?? new Map<string, number>();
    this.#steps.set(row, steps.set(step, steps.get(step) ?? 0));
  }

  hit(row: string, step: string): void {
    this.expect(row, step);
    this.#steps.get(row)?.set(step, this.hits(row, step) + 1);
  }

  /**
   * A call that a dry run made and a new database does not: it depends on the age of files, such as
   * the removal of what an import has put aside. Told, and not asked for again there.
   */
  unmet(row: string, step: string): void {
    this.#unmet.add(`${row} ${step}`);
  }

  hits(row: string, step: string): number {
    return this.#steps.get(row)?.get(step) ?? 0;
  }

  json(seed: string): string {
    const steps = [...this.#steps].map(([row, counts]) => [row, Object.fromEntries(counts)]);
    const found = { seed, troubles: this.#troubles, steps: Object.fromEntries(steps) };
    return JSON.stringify({ ...found, kills: this.#kills }, null, 1);
  }

  /** Prints histogram and summary; the exit code. A sample is too small for times and steps. */
  finish(sample: boolean): number {
    const empty = this.#printSteps();
    if (this.#unmet.size > 0) print(`not to be met at will: ${[...this.#unmet].join(', ')}`);
    for (const trouble of this.#troubles) print(`TROUBLE ${trouble}`);
    const times = this.#openTimes();
    const late = times.max > OPEN_MAX_MS || times.p95 > OPEN_P95_MS;
    print(this.#summary(times));
    if (!sample && empty.length > 0) print(`no kill at: ${empty.join(', ')}`);
    if (!sample && late) print('the next open took too long');
    const passed = this.#troubles.length === 0 && this.#kills.length > 0;
    return passed && (sample || (empty.length === 0 && !late)) ? 0 : 1;
  }

  #printSteps(): string[] {
    const empty: string[] = [];
    for (const [row, steps] of this.#steps) {
      const sorted = [...steps].sort(([a], [b]) => a.localeCompare(b));
      print(`kills in ${row}: ${sorted.map(([step, count]) => `${step} ${count}`).join(', ')}`);
      const without = sorted.filter(([, count]) => count === 0).map(([step]) => `${row} ${step}`);
      empty.push(...without.filter((name) => !this.#unmet.has(name)));
    }
    return empty;
  }

  #openTimes(): { p95: number; max: number } {
    const verdicts = this.#kills.flatMap((kill) => kill.verdicts);
    const sorted = verdicts.map(({ openMs }) => openMs).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return { p95: Math.round(at(0.95)), max: Math.round(at(1)) };
  }

  #summary({ p95, max }: { p95: number; max: number }): string {
    const workers = this.#kills.filter(({ kind }) => kind === 'worker').length;
    const browsers = [...new Set(this.#kills.map(({ browser }) => browser))].map((browser) => {
      const kills = this.#kills.filter((kill) => kill.browser === browser);
      return kills.filter(({ kind }) => kind === 'browser').length;
    });
    const names = this.#kills.filter(({ kind }) => kind === 'names').length;
    const lost = this.#troubles.filter((text) => text.includes(' lost: ')).length;
    const other = this.#troubles.length - lost;
    return (
      `torture browser: ${workers} worker kills, ${browsers.join('+')} browser kills, ` +
      `${names} losses of names, ` +
      `${lost} lost, ${other} corrupt, reopen p95 ${p95} ms, max ${max} ms`
    );
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function generator(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  const chosen = from[Math.floor(random() * from.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}
