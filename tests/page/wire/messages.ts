// What no page says: requests of every operation, some right, most with something wrong, and what
// is no request at all. Used by fuzz.ts. It must not know to whom they are sent.

export type Random = () => number;

/** Numbers in [0, 1), always the same ones for a seed. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

const upTo = (random: Random, last: number) => Math.floor(random() * (last + 1));

/** What may stand in any place. */
const ODD: readonly unknown[] = [
  ...[undefined, null, true, Number.NaN, -1, -0, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308],
  ...['', 'x', '\0', '\ud800', 'é😀', 'x'.repeat(70_000), 'constructor', '__proto__'],
  ...[[], {}, [[]], [undefined], { named: true }, { named: false, values: 5 }, { length: 1e9 }],
  ...[new Uint8Array(3), new ArrayBuffer(8), new Float64Array(2), new Date(0), /x/, new Map()],
  ...[5n, 2n ** 70n, new Error('x'), { operation: 'close', session: 0 }],
];

const SQL = [
  'SELECT 1',
  'SELECT * FROM t',
  'SELECT f(1)',
  'SELECT ?',
  'SELECT :a',
  "INSERT INTO t VALUES (1, 'x', x'0102')",
  'INSERT INTO t VALUES (?, ?, ?)',
  'CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b, c)',
  'BEGIN',
  'BEGIN IMMEDIATE',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT s',
  'DELETE FROM t',
  'PRAGMA integrity_check',
  'PRAGMA busy_timeout = 10',
  'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 2000) SELECT i FROM c',
  'SELECT nope',
  'nonsense',
  '',
];

/** Where a request may go. */
export interface Places {
  readonly sessions: readonly number[];
  readonly names: readonly string[];
}

type Fields = Record<string, unknown>;

const params = (random: Random): Fields =>
  random() < 0.7
    ? { named: false, values: Array.from({ length: upTo(random, 3) }, () => upTo(random, 9)) }
    : { named: true, values: [[pick(random, [':a', 'a', '']), 'x']] };

/** One of each operation, right in form. */
function rightRequests(random: Random, { sessions, names }: Places): readonly Fields[] {
  const name = () => pick(random, names);
  const key = () => pick(random, ['k', 'l', '']);
  const session = pick(random, [...sessions, upTo(random, 9), 2 ** 32 - 1]);
  const place = { session, inside: random() < 0.2 };
  const held = { ...place, key: key() };
  const copy = { session, key: key() };
  const sql = pick(random, SQL);
  const statement = { sql, params: params(random) };
  const bytes = new Uint8Array(upTo(random, 40)).map(() => upTo(random, 255));
  const import_ = upTo(random, 5);
  const count = upTo(random, 50);
  return [
    { operation: 'start', engine: 'auto', wasm: undefined, testHooks: {}, page: '' },
    { operation: 'open', name: name(), options: openOptions(random) },
    { operation: 'exec', ...place, sql: random() < 0.2 ? SQL.join(';') : sql },
    { operation: 'query', ...place, ...statement, first: random() < 0.5 },
    { operation: 'run', ...place, ...statement },
    { operation: 'rows', ...place, sql, rows: bytes, width: upTo(random, 4), first: 0 },
    { operation: 'batch', ...place, statements: [statement, statement], begin: 'immediate' },
    {
      ...{ operation: 'createFunction', session, function: upTo(random, 3), name: 'f' },
      ...{ arity: pick(random, [undefined, 1]), deterministic: true, timeout: 50 },
    },
    { operation: 'describe', ...place, sql },
    { operation: 'iterate', ...place, ...statement, cursor: upTo(random, 5), count },
    { operation: 'pull', ...place, cursor: upTo(random, 5), count },
    { operation: 'endCursor', ...place, cursor: upTo(random, 5) },
    {
      ...{ operation: 'blobOpen', ...held, schema: 'main', table: 't', column: 'c', rowid: 1 },
      writes: random() < 0.5,
    },
    { operation: 'blobRead', ...held, from: upTo(random, 9), count: upTo(random, 9) },
    { operation: 'blobWrite', ...held, from: upTo(random, 9), bytes },
    { operation: 'record', ...held, tables: pick(random, [undefined, ['t'], ['nope']]) },
    { operation: 'recorded', ...held, patchset: random() < 0.5 },
    { operation: 'apply', ...held, bytes, tables: undefined, policy: {}, answers: [] },
    { operation: 'invert', ...held, bytes },
    { operation: 'concat', ...held, bytes, more: bytes },
    { operation: 'release', ...held },
    { operation: 'export', session, portable: true },
    { operation: 'copyBegin', ...copy, to: pick(random, [undefined, name()]), ...copied(random) },
    { operation: 'copyStep', ...copy },
    { operation: 'copyRead', ...copy },
    { operation: 'copyFinish', ...copy, to: name() },
    { operation: 'copyEnd', ...copy },
    { operation: 'vacuum', session, pageSize: pick(random, [undefined, 1024, 5]) },
    { operation: 'sequence', session },
    { operation: 'stats', session },
    { operation: 'close', session },
    { operation: 'importBegin', name: name(), overwrite: random() < 0.5 },
    { operation: 'importAppend', import: import_, bytes },
    { operation: 'importFinish', import: import_, name: name() },
    { operation: 'importAbandon', import: import_ },
    { operation: 'pageState', state: pick(random, ['visible', 'hidden']) },
    { operation: 'list' },
    { operation: 'delete', name: name() },
    { operation: 'rename', name: name(), to: name() },
  ];
}

/** A bigint, which the engine's numbers and flags do not take, in each place of each request. */
export function bigEverywhere(random: Random, places: Places): readonly unknown[] {
  const isMade = (inner: unknown): inner is Fields =>
    typeof inner === 'object' && inner !== null && !ArrayBuffer.isView(inner);
  return rightRequests(random, places).flatMap((made) =>
    Object.entries(made).flatMap(([name, inner]) => [
      { ...made, [name]: 5n },
      ...(isMade(inner) ? Object.keys(inner) : []).map((part) => ({
        ...made,
        [name]: { ...(inner as Fields), [part]: 5n },
      })),
    ]),
  );
}

const copied = (random: Random) => ({ overwrite: random() < 0.5, portable: false });

function openOptions(random: Random): Fields {
  const sizes = { cacheSize: undefined, pageSize: undefined, tempMemory: undefined };
  const rest = { foreignKeys: undefined, log: undefined, limits: undefined, sharing: 'alone' };
  const create = random() < 0.9;
  const busyTimeout = upTo(random, 30);
  const journalMode = pick(random, [undefined, 'wal', 'delete', 'memory']);
  const flags = { relaxed: false, readonly: random() < 0.1, create };
  return { journalMode, ...flags, int64: 'auto', busyTimeout, ...sizes, ...rest };
}

/** With something wrong in it, or not. */
export function request(random: Random, places: Places): unknown {
  const made = pick(random, rightRequests(random, places));
  const kind = random();
  if (kind < 0.3) return made;
  if (kind < 0.34) return pick(random, ODD);
  const names = Object.keys(made).filter((name) => name !== 'session' || random() < 0.3);
  const name = pick(random, names);
  if (kind < 0.8) return { ...made, [name]: pick(random, ODD) };
  if (kind < 0.9) {
    const { [name]: _, ...rest } = made;
    return rest;
  }
  const inner = made[name];
  if (typeof inner === 'object' && inner !== null && !ArrayBuffer.isView(inner)) {
    const part = pick(random, [...Object.keys(inner), 'more']);
    return { ...made, [name]: { ...inner, [part]: pick(random, ODD) } };
  }
  return { ...made, operation: pick(random, ['', 'toString', 'exec ', 'hasOwnProperty', 'sudo']) };
}

/** The short form of a question, whatever its parts are; not of every one. */
export function shortOf(id: number, made: unknown): readonly unknown[] | undefined {
  const { operation, session, first, sql, params: given } = (made ?? {}) as Fields;
  const { values } = (given ?? {}) as Fields;
  if (operation !== 'query' || !Array.isArray(values) || id % 2 === 0) return undefined;
  return [id, session, first, sql, ...values];
}

/** How a request may be given up; a wrong one for some. */
export function stopOf(id: number): unknown {
  return id % 5 === 0
    ? ODD[id % ODD.length]
    : { timed: id % 2 === 0, limit: Number.POSITIVE_INFINITY };
}

/** What is no request: answers that nobody waits for, and nonsense. */
export function noRequest(random: Random): unknown {
  const number = pick(random, [0, 1, upTo(random, 1000), -1, Number.NaN]);
  return pick(random, [
    { cancel: number },
    { cancel: pick(random, ODD) },
    { called: number, value: pick(random, ODD) },
    { called: number, thrown: pick(random, ODD) },
    { id: 'x', request: { operation: 'list' } },
    { request: { operation: 'list' } },
    {},
    pick(random, ODD),
  ]);
}

/** A message that holds no list of them. */
export function noList(random: Random): unknown {
  return pick(random, [...ODD, { id: 1, request: { operation: 'list' }, stop: undefined }]);
}
