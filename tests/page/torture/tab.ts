// The page of a tab under torture: one of several, each with a process of its own and the same
// database open. Does what the harness asks for. It must not know what is done to the tabs.
import * as shipped from 'anchorite';
import type { Database } from 'anchorite';
import type { Answer, OpenedTab, Statement, TabOptions, TabRequest } from '../../tabs-wire';
import type { Outcome } from '../../wire';
import type { Hooked } from '../context';
import { sizeOf } from '../disk';
import { listen } from '../poll';
import { killOwner } from '../tabs';
import { withWorkerOf } from '../workers';
import { torture } from './kills';
import { audit, count, insist, transfer } from './ledger';
import { Writing } from './writing';

/** Between two looks at a file. */
const LOOK_MS = 100;

let database: Database | undefined;
let worker: Worker | undefined;
let writing: Writing | undefined;

async function obey(request: TabRequest): Promise<Outcome> {
  return { ok: true, value: (await answerTo(request)) ?? null };
}

async function answerTo(request: TabRequest): Promise<unknown> {
  switch (request.type) {
    case 'open':
      return await openHere(request.database, request.options);
    case 'sql':
      return await carryOut(request.statements);
    case 'count':
      return await count(opened(), request.who, request.transactions);
    case 'transfer':
      return await transfer(opened(), request.who, request.milliseconds);
    case 'audit':
      return await audit(opened(), request.milliseconds);
    case 'insist':
      return await insist(opened(), request.who);
    case 'write':
      writing = new Writing(opened(), request.writer);
      return await writing.begun;
    case 'torture':
      return await torture(request.request);
    case 'stop':
      return await writing?.stop();
    case 'terminate':
      writing?.abandon();
      return worker?.terminate();
    case 'killOwner':
      return await killOwner('');
    case 'close':
      await database?.close();
      return (database = undefined);
    case 'waited':
      return await waited(request.database);
    case 'spin':
      return spin(request.milliseconds);
    case 'sizes':
      return await largest(request.file, request.milliseconds);
    default:
      throw new Error(`unknown request ${JSON.stringify(request satisfies never)}`);
  }
}

function opened(): Database {
  if (database === undefined) throw new Error('no database is open in this tab');
  return database;
}

async function openHere(
  name: string,
  { entry, protocol, ...options }: TabOptions,
): Promise<OpenedTab> {
  const { open } = entry === undefined ? shipped : ((await import(entry)) as typeof shipped);
  let asked = performance.now();
  const posted = (message: unknown) => {
    const { request } = message as { request?: { operation: string } };
    if (request?.operation === 'open') asked = performance.now();
  };
  const hooked: Hooked = { ...options, ...(protocol && { testHooks: { protocol } }) };
  const { sharing: way } = options;
  if (way === undefined || way === 'owner') database = await open(name, hooked);
  else [database, worker] = await withWorkerOf(() => open(name, hooked), posted);
  const { sharing, engine } = database.info;
  return { sharing, engine, milliseconds: performance.now() - asked };
}

async function carryOut(statements: readonly Statement[]): Promise<Answer> {
  const asked = performance.now();
  const took = () => performance.now() - asked;
  let rows: Record<string, unknown>[] = [];
  try {
    for (const [sql, ...params] of statements) {
      if (params.length > 0 || /^(SELECT|PRAGMA)/.test(sql)) {
        rows = await opened().query(sql, params);
      } else {
        await opened().exec(sql);
      }
    }
    return { rows, milliseconds: took(), error: undefined };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const told = { code: String(code), message: String(message) };
    return { rows, milliseconds: took(), error: told };
  }
}

async function waited(name: string): Promise<void> {
  for (;;) {
    const { pending = [] } = await navigator.locks.query();
    if (pending.some((lock) => lock.name?.endsWith(`:${name}`))) return;
  }
}

function spin(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

async function largest(file: string, milliseconds: number): Promise<number> {
  let max = 0;
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    max = Math.max(max, await sizeOf(file));
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return max;
}

const { searchParams } = new URL(location.href);
const credentials = searchParams.has('omit') ? 'omit' : 'same-origin';
await listen(searchParams.get('tab') ?? '', obey, credentials);
