// The peers as a page has them: in a worker, behind one message for each call. Used by
// page/measure.ts; it must not know the other contestants.
import type { Workload } from '../wire';
import type { Contestant } from './contest';
import type { Call, Kind, Rows, Value } from './page-peer-worker';
import {
  CREATE,
  CREATE_WIDE,
  INSERT_WIDE,
  Ledger,
  SCAN,
  SELECT,
  TOTALS,
  WIDE_TOTALS,
  fill,
  fillWide,
  isWide,
  sumOf,
  wideRows,
} from './workloads';

interface Pending {
  resolve(rows: Rows): void;
  reject(error: Error): void;
}

/** A page's end of the wrapper. */
class Wrapper {
  readonly #worker = new Worker('/page/bench-page-peer.js', { type: 'module' });
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor() {
    this.#worker.onmessage = ({ data: { id, value, error } }) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(value);
      else pending?.reject(new Error(error));
    };
  }

  ask(call: Call): Promise<Rows> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call });
    });
  }

  end(): void {
    this.#worker.terminate();
  }
}

export class PagePeer implements Contestant {
  readonly #kind: Kind;
  readonly #workload: Workload;
  readonly #wrapper = new Wrapper();
  readonly #ledger = new Ledger();
  #rows = 0;
  #wide: Value[][] = [];

  constructor(kind: Kind, workload: Workload) {
    this.#kind = kind;
    this.#workload = workload;
  }

  async prepare(rows: number): Promise<void> {
    this.#rows = rows;
    await this.#wrapper.ask({
      call: 'open',
      kind: this.#kind,
      name: `bench-${this.#workload}-${this.#kind}`,
    });
    if (isWide(this.#workload)) {
      await this.#exec(`DROP TABLE IF EXISTS s; ${CREATE_WIDE}; ${fillWide(rows)}`);
      return;
    }
    await this.#exec(`DROP TABLE IF EXISTS t; ${CREATE}; ${fill(this.#workload, rows)}`);
    this.#ledger.filled(rows);
    await this.check();
  }

  async before(): Promise<void> {
    if (this.#workload !== 'page-bulk') return;
    await this.#exec(`DROP TABLE s; ${CREATE_WIDE}`);
    this.#wide = wideRows(this.#rows);
  }

  async run(values: Int32Array<ArrayBuffer>): Promise<number> {
    switch (this.#workload) {
      case 'page-scan':
        return sumOf(await this.#ask(SCAN));
      case 'page-bulk':
        await this.#wrapper.ask({ call: 'insert', sql: INSERT_WIDE, rows: this.#wide });
        return 0;
      case 'page-burst':
        return sumOf(
          (await Promise.all(Array.from(values, (id) => this.#ask(SELECT, [id])))).flat(),
        );
      default: {
        let sum = 0;
        for (const id of values) sum += sumOf(await this.#ask(SELECT, [id]));
        return sum;
      }
    }
  }

  async check(): Promise<void> {
    const [row] = await this.#ask(isWide(this.#workload) ? WIDE_TOTALS : TOTALS);
    const expected = isWide(this.#workload) ? new Ledger() : this.#ledger;
    if (isWide(this.#workload)) expected.filled(this.#rows);
    expected.check(row?.['n'], row?.['total']);
  }

  async finish(): Promise<void> {
    await this.check();
    const [row] = await this.#ask('PRAGMA integrity_check');
    if (row?.['integrity_check'] !== 'ok') throw new Error(JSON.stringify(row));
    await this.#exec(`DROP TABLE ${isWide(this.#workload) ? 's' : 't'}`);
    this.#wrapper.end();
  }

  #ask(sql: string, params: readonly Value[] = []): Promise<Rows> {
    return this.#wrapper.ask({ call: 'rows', sql, params });
  }

  async #exec(sql: string): Promise<void> {
    await this.#wrapper.ask({ call: 'exec', sql });
  }
}
