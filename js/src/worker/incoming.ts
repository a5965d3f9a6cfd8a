// What comes in by a wire, looked at before anything is done with it: a page may be of another
// version, or wrong, and what is not what it seems would end the engine for all that use it. Used
// by page.ts and clients.ts. It must not know what a request does.

import { SqliteError } from '../errors.js';
import type {
  AnswerMessage,
  CancelMessage,
  Operation,
  Operations,
  Request,
  RequestMessage,
} from '../protocol.js';
import { lengthened, type ShortQuestion } from '../short.js';
import { describe } from '../values.js';
import type { Callbacks } from './callbacks.js';
import type { Cancels } from './cancels.js';

/** Whether a value is of a kind. */
type Check = (value: unknown) => boolean;

/** One for each part. */
type Checks<Whole> = { readonly [Part in keyof Whole]-?: Check };

const NUMBER_MAX = 2 ** 32 - 1;
const INT64_MAX = 2n ** 63n - 1n;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const number: Check = (value) => isWithin(value, NUMBER_MAX);
const size: Check = (value) => isWithin(value, Number.MAX_SAFE_INTEGER);
const int64: Check = (value) =>
  typeof value === 'bigint'
    ? value <= INT64_MAX && value >= -INT64_MAX - 1n
    : Number.isSafeInteger(value);
const bytes: Check = (value) => value instanceof Uint8Array;

const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
const made =
  <Whole>(checks: Checks<Whole>): Check =>
  (value) =>
    isObject(value) && wrongPart(value, checks) === undefined;

const value: Check = (it) =>
  it === null || typeof it === 'number' || typeof it === 'string' || bytes(it) || int64(it);
const named: Check = (it) => Array.isArray(it) && text(it[0]) && value(it[1]);
const params: Check = (it) =>
  isObject(it) && flag(it['named']) && listOf(it['named'] ? named : value)(it['values']);
const names = maybe(listOf(text));
const actions = oneOf('omit', 'replace', 'abort');
const limits: Check = (it) => isObject(it) && Object.values(it).every(maybe(number));

const place = { session: number, inside: flag };
const held = { ...place, key: text };
const copy = { session: number, key: text };
const mode = oneOf('deferred', 'immediate', 'exclusive');
const statement = { sql: text, params };

const openOptions = made<Operations['open']['takes']['options']>({
  journalMode: maybe(oneOf('wal', 'delete', 'truncate', 'persist', 'memory', 'off')),
  relaxed: flag,
  readonly: flag,
  create: flag,
  cacheSize: maybe(size),
  int64: oneOf('auto', 'bigint', 'throw'),
  pageSize: maybe(number),
  busyTimeout: maybe(number),
  tempMemory: maybe(size),
  foreignKeys: maybe(flag),
  log: maybe(text),
  limits: maybe(limits),
  sharing: oneOf('alone', 'shared', 'hand-over'),
});

/** Which engine a page asks for. */
export const engineChoice: Check = oneOf('auto', 'jspi', 'asyncify', 'sync');

const stops = maybe(
  made<NonNullable<RequestMessage['stop']>>({
    timed: maybe(flag),
    limit: (it) => typeof it === 'number',
  }),
);

/** What each operation takes. */
const TAKES: { readonly [Name in Operation]: Checks<Operations[Name]['takes']> } = {
  start: {
    engine: engineChoice,
    wasm: maybe(isObject),
    testHooks: isObject,
    page: text,
  },
  open: { name: text, options: openOptions },
  exec: { ...place, sql: text },
  query: { ...place, ...statement, first: flag },
  run: { ...place, ...statement },
  rows: { ...place, sql: text, rows: bytes, width: number, first: number },
  batch: { ...place, statements: listOf(made(statement)), begin: maybe(mode) },
  createFunction: {
    session: number,
    function: number,
    name: text,
    arity: maybe((it) => isWithin(it, 127)),
    deterministic: flag,
    timeout: number,
  },
  describe: { ...place, sql: text },
  iterate: { ...place, ...statement, cursor: number, count: number },
  pull: { ...place, cursor: number, count: number },
  endCursor: { ...place, cursor: number },
  blobOpen: { ...held, schema: text, table: text, column: text, rowid: int64, writes: flag },
  blobRead: { ...held, from: number, count: number },
  blobWrite: { ...held, from: number, bytes },
  record: { ...held, tables: names },
  recorded: { ...held, patchset: flag },
  apply: {
    ...held,
    bytes: maybe(bytes),
    tables: names,
    policy: (it) => isObject(it) && Object.values(it).every(maybe(actions)),
    answers: listOf(actions),
  },
  invert: { ...held, bytes },
  concat: { ...held, bytes, more: bytes },
  release: held,
  export: { session: number, portable: flag },
  copyBegin: { ...copy, to: maybe(text), overwrite: flag, portable: flag },
  copyStep: copy,
  copyRead: copy,
  copyFinish: { ...copy, to: text },
  copyEnd: copy,
  vacuum: { session: number, pageSize: maybe(number) },
  sequence: { session: number },
  stats: { session: number },
  close: { session: number },
  importBegin: { name: text, overwrite: flag },
  importAppend: { import: number, bytes },
  importFinish: { import: number, name: text },
  importAbandon: { import: number },
  pageState: { state: oneOf('visible', 'hidden', 'frozen') },
  list: {},
  delete: { name: text },
  rename: { name: text, to: text },
};

/** Where messages go by their kind. */
export interface Hearers {
  readonly cancels: Cancels;
  readonly callbacks: Callbacks;
  readonly answer: (message: RequestMessage) => void;
}

/** Hands on each message of one that came; what is none has no number to be answered by. */
export function hear(data: unknown, { cancels, callbacks, answer }: Hearers): void {
  for (const message of messagesOf(data)) {
    if ('cancel' in message) {
      cancels.cancel(message.cancel);
    } else if ('called' in message) {
      callbacks.answered(message);
    } else {
      answer(message);
    }
  }
}

function messagesOf(data: unknown): readonly (RequestMessage | CancelMessage | AnswerMessage)[] {
  const long = (message: unknown) =>
    Array.isArray(message) ? lengthened(message as unknown as ShortQuestion) : message;
  return Array.isArray(data) ? data.map(long).filter(isMessage) : [];
}

/** Refuses a message whose parts are not what they say. */
export function checkMessage({ request, stop }: RequestMessage): void {
  checkRequest(request);
  if (!stops(stop)) {
    throw refused(`"stop" of "${request.operation}" cannot be ${describe(stop)}`);
  }
}

function checkRequest(request: unknown): asserts request is Request {
  const operation = isObject(request) ? request['operation'] : undefined;
  if (!isObject(request) || typeof operation !== 'string' || !Object.hasOwn(TAKES, operation)) {
    throw refused(`there is no operation ${describe(operation)}`);
  }
  const wrong = wrongPart(request, TAKES[operation as Operation]);
  if (wrong !== undefined) {
    throw refused(`"${wrong}" of "${operation}" cannot be ${describe(request[wrong])}`);
  }
}

function isMessage(message: unknown): message is RequestMessage | CancelMessage | AnswerMessage {
  return (
    isObject(message) &&
    [message['id'], message['cancel'], message['called']].some(
      (number) => typeof number === 'number',
    )
  );
}

function wrongPart(whole: Readonly<Record<string, unknown>>, checks: object): string | undefined {
  for (const part in checks) {
    if (!(checks as Record<string, Check>)[part]?.(whole[part])) {
      return part;
    }
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isWithin(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

function refused(message: string): SqliteError {
  return new SqliteError(message, { code: 'INVALID_PARAMETER' });
}
