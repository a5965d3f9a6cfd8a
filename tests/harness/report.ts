// The results of a run: collected per cell, printed as a matrix, kept as JSON. A cell that was not
// run counts as a failure. It must not know browsers or the channel.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cellId } from '../wire';
import type { Cell } from '../wire';

interface Result {
  readonly row: string;
  readonly test: string;
  readonly milliseconds: number;
  readonly failure: string | undefined;
  readonly stack: string;
}

export class Results {
  readonly #rows: readonly string[];
  readonly #begun = new Set<string>();
  readonly #results: Result[] = [];
  readonly #browserSeconds = new Map<string, number>();

  /** `rows`: everything that has to run, whether it will or not. */
  constructor(rows: readonly string[]) {
    this.#rows = rows;
  }

  begin(where: Cell | string): void {
    this.#begun.add(rowName(where));
  }

  passed(where: Cell | string, test: string, milliseconds: number): void {
    this.#add({ row: rowName(where), test, milliseconds, failure: undefined, stack: '' });
  }

  failed(
    where: Cell | string,
    test: string,
    milliseconds: number,
    message: string,
    stack: string,
  ): void {
    this.#add({ row: rowName(where), test, milliseconds, failure: message, stack });
    const frames = stack.split('\n').filter((line) => /:\d+:\d+/.test(line));
    const text = [message, ...frames.slice(0, 3)].join('\n').replaceAll('\n', '\n    ');
    print(`  FAILED ${rowName(where)} | ${test}\n    ${text}`);
  }

  browserTook(browser: string, seconds: number): void {
    this.#browserSeconds.set(browser, seconds);
  }

  /** Prints the matrix and the failures, writes report.json; the exit code. */
  finish(folder: string): number {
    const failures = this.#results.filter(({ failure }) => failure !== undefined);
    for (const { row, test } of failures) print(`FAILED ${row} | ${test}`);
    print(`\n${'cell'.padEnd(28)}${'passed'.padStart(8)}${'failed'.padStart(8)}`);
    for (const row of this.#rows) print(this.#line(row));
    for (const [browser, seconds] of this.#browserSeconds) {
      print(`${browser}: ${seconds.toFixed(1)} s`);
    }
    const notRun = this.#rows.filter((row) => !this.#begun.has(row));
    writeFileSync(
      join(folder, 'report.json'),
      JSON.stringify({ rows: this.#rows, notRun, results: this.#results }, null, 1),
    );
    if (notRun.length > 0) print(`NOT RUN: ${notRun.join(', ')}`);
    print(`${this.#results.length - failures.length} passed, ${failures.length} failed`);
    return failures.length + notRun.length === 0 && this.#results.length > 0 ? 0 : 1;
  }

  #add(result: Result): void {
    this.#begun.add(result.row);
    this.#results.push(result);
  }

  #line(row: string): string {
    if (!this.#begun.has(row)) return `${row.padEnd(28)} NOT RUN`;
    const here = this.#results.filter((result) => result.row === row);
    const failed = here.filter(({ failure }) => failure !== undefined).length;
    const counts = [here.length - failed, failed].map((count) => String(count).padStart(8));
    return `${row.padEnd(28)}${counts.join('')}`;
  }
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function rowName(where: Cell | string): string {
  return typeof where === 'string' ? where : cellId(where);
}
