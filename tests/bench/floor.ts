// The bare calls of the browser that no library can do without, as a contestant of each workload.
// Used by contest.ts; it must not know SQLite.
import type { Workload } from '../wire';
import type { Contestant } from './contest';
import { PAGE_SIZE } from './workloads';

/** The part of `FileSystemSyncAccessHandle` that is used; it exists in dedicated workers only. */
interface AccessHandle {
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(data: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  getSize(): number;
  flush(): void;
  truncate(size: number): void;
  close(): void;
}

/** A WAL frame: its header and one page. */
const FRAME_SIZE = 24 + PAGE_SIZE;

/** The file of which one `createWritable` cycle is the floor of a commit on async handles. */
const SMALL_FILE = 1024 * 1024;

/** Bytes per row of the file that is read at random, as in the table that is. */
const ROW_SIZE = 1024;

const fileName = (workload: Workload) => `bench-${workload}-floor.bin`;

export class Floor implements Contestant {
  readonly #workload: Workload;
  readonly #page = new Uint8Array(PAGE_SIZE).fill(7);
  readonly #frame = new Uint8Array(FRAME_SIZE).fill(7);
  #file: FileSystemFileHandle | undefined;
  #handle: AccessHandle | undefined;
  #echo: Echo | undefined;
  #end = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  async prepare(rows: number): Promise<void> {
    if (this.#workload === 'page-point') {
      this.#echo = new Echo();
      return;
    }
    const root = await navigator.storage.getDirectory();
    const name = fileName(this.#workload);
    await root.removeEntry(name).catch(() => undefined);
    this.#file = await root.getFileHandle(name, { create: true });
    if (this.#workload === 'async-commit') return await this.#replace(new Uint8Array(SMALL_FILE));
    const file = this.#file as unknown as { createSyncAccessHandle(): Promise<AccessHandle> };
    this.#handle = await file.createSyncAccessHandle();
    if (this.#workload === 'reads') this.#grow(rows * ROW_SIZE);
  }

  #grow(size: number): void {
    const piece = new Uint8Array(SMALL_FILE).fill(7);
    for (let at = 0; at < size; at += piece.length) this.#handle?.write(piece, { at });
    this.#handle?.flush();
  }

  async run(values: Int32Array<ArrayBuffer>): Promise<number> {
    switch (this.#workload) {
      case 'autocommit':
        return this.#append(values.length);
      case 'reads':
        return this.#read(values);
      case 'async-commit':
        for (const _ of values) await this.#replace(this.#page);
        return 0;
      case 'page-point':
        for (const value of values) await this.#echo?.send(value);
        return 0;
      default:
        throw new Error(`${this.#workload} has no floor`);
    }
  }

  /** One frame at the end of a growing file, in one write, and a flush. */
  #append(count: number): number {
    const handle = this.#sync;
    for (let index = 0; index < count; index++) {
      const written = handle.write(this.#frame, { at: this.#end });
      if (written !== FRAME_SIZE) throw new Error(`wrote ${written} bytes`);
      handle.flush();
      this.#end += FRAME_SIZE;
    }
    return 0;
  }

  #read(values: Int32Array<ArrayBuffer>): number {
    const handle = this.#sync;
    let bytes = 0;
    for (const id of values) {
      const page = Math.floor(((id - 1) * ROW_SIZE) / PAGE_SIZE);
      bytes += handle.read(this.#page, { at: page * PAGE_SIZE });
    }
    if (bytes !== values.length * PAGE_SIZE) throw new Error(`read ${bytes} bytes`);
    return 0;
  }

  get #sync(): AccessHandle {
    if (this.#handle === undefined) throw new Error('there is no handle');
    return this.#handle;
  }

  /** One cycle: the file is copied, changed at its start, and swapped in. */
  async #replace(data: Uint8Array<ArrayBuffer>): Promise<void> {
    const writable = await this.#file?.createWritable({ keepExistingData: true });
    await writable?.write({ type: 'write', position: 0, data });
    await writable?.close();
  }

  /** Starts growing anew, as a log does. */
  check(): void {
    if (this.#workload !== 'autocommit') return;
    if (this.#sync.getSize() !== this.#end) throw new Error('the file is not as long as written');
    this.#sync.truncate(0);
    this.#sync.flush();
    this.#end = 0;
  }

  async finish(): Promise<void> {
    this.#handle?.close();
    this.#echo?.end();
    if (this.#file === undefined) return;
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(fileName(this.#workload));
  }
}

/** A worker that sends back what it is sent. */
class Echo {
  readonly #worker = new Worker('/page/bench.js', { type: 'module' });

  send(value: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) =>
        data === value ? resolve() : reject(new Error(`the echo of ${value} is ${String(data)}`));
      this.#worker.postMessage(value);
    });
  }

  end(): void {
    this.#worker.terminate();
  }
}
