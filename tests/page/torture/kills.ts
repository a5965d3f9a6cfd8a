// The page's part of the kill campaign: starts victims, ends them at their target, and looks at
// what they leave, by the library's public face. main.ts calls `torture` for the harness.
// It must not know which kills are asked for, or why.
import { deleteDatabase, open } from 'anchorite';
import type { Database, OpenOptions } from 'anchorite';
import type {
  Bounds,
  Counts,
  TortureRequest,
  Verdict,
  VictimEnd,
  Writer,
} from '../../torture-wire';
import { acknowledge, reportFailure } from '../home';
import type { VictimOrder } from './victim';
import { faultOf, optionsOf, secondName, stateOf, write } from './workload';

/** What a victim says. */
export type VictimMessage =
  | { readonly type: 'begun' | 'acknowledged'; readonly state: number }
  | { readonly type: 'here' }
  | { readonly type: 'done'; readonly counts: Counts }
  | { readonly type: 'failed'; readonly message: string };

/** For writers that nobody stops. */
const ENDLESS = 1_000_000;

/** When the last victim of a database was terminated, by this page's clock. */
const ends = new Map<string, number>();

export async function torture(request: TortureRequest): Promise<unknown> {
  switch (request.type) {
    case 'victim':
      return await runVictim(request);
    case 'writeOn':
      for (const writer of request.writers) await startWriter(writer, request.inWindow);
      return null;
    case 'verify':
      return await verify(request);
    case 'remove':
      await deleteDatabase(request.database);
      await deleteDatabase(secondName(request.database));
      return null;
    default:
      throw new Error(`unknown request ${JSON.stringify(request satisfies never)}`);
  }
}

/** Resolves when the victim is terminated, or has gone through without meeting its target. */
async function runVictim(order: TortureRequest & { type: 'victim' }): Promise<VictimEnd> {
  let bounds = order.bounds;
  const { writer, target, transactions } = order;
  return await new Promise((resolve, reject) => {
    const end = (stopped: boolean, counts: Counts) => {
      worker.terminate();
      ends.set(writer.database, performance.now());
      resolve({ stopped, counts, bounds });
    };
    const worker = start({ writer, target, transactions, callHome: false }, (message) => {
      if (message.type === 'here') end(true, {});
      else if (message.type === 'done') end(false, message.counts);
      else if (message.type === 'failed') reject(new Error(message.message));
      else bounds = extended(bounds, message);
    });
    worker.addEventListener('error', (event) => reject(new Error(event.message)));
  });
}

function extended(bounds: Bounds, { type, state }: { type: string; state: number }): Bounds {
  const begun = Math.max(bounds.begun, state);
  return type === 'begun' ? { ...bounds, begun } : { begun, acknowledged: state };
}

function start(
  order: Omit<VictimOrder, 'port'>,
  listen: (message: VictimMessage) => void,
): Worker {
  const worker = new Worker('/page/torture/victim.js', { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (event) => listen(event.data as VictimMessage);
  worker.postMessage({ ...order, port: port2 } satisfies VictimOrder, [port2]);
  return worker;
}

/** Resolves once the first transaction is on its way. */
async function startWriter(writer: Writer, inWindow: boolean): Promise<void> {
  const order = { writer, transactions: ENDLESS, callHome: true };
  await new Promise<void>((resolve, reject) => {
    const failed = (error: unknown) => {
      const message = `${writer.database}: ${String(error)}`;
      void reportFailure(message);
      reject(new Error(message));
    };
    if (inWindow) {
      const acknowledged = (state: number) => acknowledge(writer.database, state);
      const options = { engine: writer.twin, worker: false };
      write(writer, options, ENDLESS, { begun: () => resolve(), acknowledged }).catch(failed);
      return;
    }
    const worker = start(order, (message) => {
      if (message.type === 'begun') resolve();
      else if (message.type === 'failed') failed(message.message);
    });
    worker.addEventListener('error', (event) => failed(event.message));
  });
}

async function verify(request: TortureRequest & { type: 'verify' }): Promise<Verdict> {
  const { writer, bounds, inWindow } = request;
  const options = { ...optionsOf(writer), worker: !inWindow };
  const since = ends.get(writer.database) ?? performance.now();
  ends.delete(writer.database);
  let db: Database;
  try {
    db = await open(writer.database, options);
    // The files are opened when they are first read.
    await db.query('SELECT count(*) FROM sqlite_schema');
  } catch (error) {
    return { state: Number.NaN, openMs: performance.now() - since, trouble: failure(error) };
  }
  const openMs = performance.now() - since;
  const state = await stateOf(db);
  const fault = await troubleOf(db, state, bounds);
  const trouble = fault ?? (await secondTrouble(request, options, state));
  await db.close();
  return { state, openMs, trouble };
}

function failure(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return `not opened: ${String(code)} ${String(error)}`;
}

async function troubleOf(db: Database, state: number, bounds: Bounds): Promise<string | undefined> {
  const fault = await faultOf(db, state);
  if (fault !== undefined) return fault;
  if (state < bounds.acknowledged) return `lost: ${state} of ${bounds.acknowledged}`;
  if (state <= Math.max(bounds.begun, bounds.acknowledged)) return undefined;
  return `corrupt: state ${state}, while only ${bounds.begun} was begun`;
}

/** A transaction over two files is in both of them or in neither. */
async function secondTrouble(
  { writer }: { writer: Writer },
  options: OpenOptions,
  expected: number,
): Promise<string | undefined> {
  if (writer.workload !== 'attach') return undefined;
  const db = await open(secondName(writer.database), options);
  const state = await stateOf(db);
  const fault = await faultOf(db, state);
  await db.close();
  if (fault !== undefined) return `second file: ${fault}`;
  return state === expected ? undefined : `partial: states ${expected} and ${state}`;
}
