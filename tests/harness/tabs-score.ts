// What the torture of tabs has found: counts, the longest waits, troubles; prints its summary.
// torture-tabs.ts makes one for the run. It must not know how anything was tortured.
import type { Waits } from '../tabs-wire';
import { print } from './report';

/** What is counted, in the order of the summary. */
export const COUNTED = [
  'transactions',
  'reads',
  'migrations',
  'reloads',
  'kills',
  'browser kills',
  'freezes',
  'mishaps',
] as const;
export type Counted = (typeof COUNTED)[number];

/** How troubles are told apart. */
export type Kind = 'lost' | 'partial' | 'stuck' | 'failed';
const KINDS: readonly Kind[] = ['lost', 'partial', 'stuck', 'failed'];

interface Trouble {
  readonly where: string;
  readonly kind: Kind;
  readonly what: string;
}

/** Finds what is wrong; a scenario that breaks off otherwise has failed. */
export class Wrong extends Error {
  readonly kind: Kind;

  constructor(kind: Kind, what: string) {
    super(what);
    this.kind = kind;
  }
}

export class TabsScore {
  readonly #counts = new Map<Counted, number>(COUNTED.map((name) => [name, 0]));
  readonly #figures: Record<string, Record<string, number>> = {};
  readonly #troubles: Trouble[] = [];

  count(what: Counted, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  /** Keeps the largest of its values. */
  figure(where: string, name: string, value: number): void {
    const here = (this.#figures[where] ??= {});
    here[name] = Math.max(here[name] ?? 0, Math.round(value * 10) / 10);
  }

  waits(where: string, who: string, { p99, max }: Waits): void {
    this.figure(where, `${who} p99 ms`, p99);
    this.figure(where, `${who} max ms`, max);
  }

  trouble(where: string, error: unknown): void {
    const kind = error instanceof Wrong ? error.kind : 'failed';
    const what = error instanceof Error ? error.message : String(error);
    this.#troubles.push({ where, kind, what });
    print(`  TROUBLE ${where}: ${kind}: ${what}`);
  }

  /** Prints what has been measured since the last time for one row. */
  tell(where: string, seconds: number): void {
    const figures = Object.entries(this.#figures[where] ?? {});
    const text = figures.map(([name, value]) => `${name} ${value}`).join(', ');
    print(`  ${where}: ${seconds.toFixed(1)} s${text && `; ${text}`}`);
  }

  json(seed: string): string {
    const counts = Object.fromEntries(this.#counts);
    const found = { seed, counts, figures: this.#figures, troubles: this.#troubles };
    return JSON.stringify(found, null, 1);
  }

  /** Prints troubles and summary; the exit code. */
  finish(): number {
    for (const { where, kind, what } of this.#troubles) print(`TROUBLE ${where}: ${kind}: ${what}`);
    const counts = COUNTED.map((name) => `${this.#counts.get(name)} ${name}`);
    const kinds = KINDS.map((kind) => `${this.#of(kind)} ${kind}`);
    print(`tabs-browser: ${[...counts, ...kinds].join(', ')}`);
    const done = [...this.#counts.values()].some((times) => times > 0);
    return done && this.#troubles.length === 0 ? 0 : 1;
  }

  #of(kind: Kind): number {
    return this.#troubles.filter((trouble) => trouble.kind === kind).length;
  }
}
