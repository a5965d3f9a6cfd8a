// Every public call with every wrong kind of argument: an error of the one rule in docs/errors.md,
// which names the argument, and nothing is written.
import {
  deleteDatabase,
  importDatabase,
  listDatabases,
  open,
  renameDatabase,
  sql,
  SqliteError,
} from 'anchorite';
import type { Database, Statement } from 'anchorite';
import { AssertionError, equal, match, show } from '../page/assert';
import type { TestContext } from '../page/context';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('bad call', SAME_IN_SYNC);

/** One value of each kind. */
const KINDS = {
  undefined: undefined,
  null: null,
  number: 5,
  fraction: 0.5,
  boolean: true,
  bigint: 5n,
  string: 'wrong',
  symbol: Symbol('s'),
  function: () => 1,
  object: { wrong: 1 },
  array: [Symbol('s')],
  date: new Date(0),
  map: new Map([['b', 1]]),
  bytes: new Uint8Array(4),
};

type Kind = keyof typeof KINDS;

/** What a call is made on. */
interface Place {
  readonly t: TestContext;
  readonly db: Database;
  readonly statement: Statement;
}

/** An argument: its call, the kinds it may be, the code of the error and what its words name. */
interface Argument {
  readonly call: string;
  readonly may: readonly Kind[];
  readonly code: string;
  readonly names: RegExp;
  readonly make: (place: Place, wrong: never) => unknown;
}

const NOTHING: readonly Kind[] = ['undefined'];
/** What could be options, were it not that there is no option `wrong`. */
const NO_OPTIONS: readonly Kind[] = ['undefined', 'date', 'map', 'bytes'];
const VALUES: readonly Kind[] = [
  ...(['null', 'number', 'fraction', 'boolean', 'bigint', 'string', 'bytes'] as const),
];
const INSERT = 'INSERT INTO a VALUES (?)';

function text(call: string, make: Argument['make']): Argument {
  const names = /SQL must be a string|a statement cannot be/;
  return { call, may: ['string'], code: 'INVALID_SQL', names, make };
}

function params(call: string, make: Argument['make']): Argument {
  const names = /parameters?\b/;
  return { call, may: [], code: 'INVALID_PARAMETER', names, make };
}

function options(call: string, make: Argument['make']): Argument {
  const names = /options must be an object|there is no option "wrong"/;
  return { call, may: NO_OPTIONS, code: 'INVALID_OPTION', names, make };
}

function option(call: string, name: string, may: Kind[], make: Argument['make']): Argument {
  const names = new RegExp(`option "${name}" (?:cannot|must) be`);
  return { call, may: [...NOTHING, ...may], code: 'INVALID_OPTION', names, make };
}

function name(call: string, make: Argument['make']): Argument {
  const names = /a database name must be/;
  return { call, may: ['string'], code: 'INVALID_NAME', names, make };
}

const SQL: readonly Argument[] = [
  text('exec(sql)', ({ db }, wrong) => db.exec(wrong)),
  text('run(sql)', ({ db }, wrong) => db.run(wrong)),
  text('get(sql)', ({ db }, wrong) => db.get(wrong)),
  text('query(sql)', ({ db }, wrong) => db.query(wrong)),
  text('prepare(sql)', ({ db }, wrong) => db.prepare(wrong)),
  text('batch([sql])', ({ db }, wrong) => db.batch(['DELETE FROM a', wrong])),
  {
    ...text('batch(statements)', ({ db }, wrong) => db.batch(wrong)),
    ...{ may: ['array'], names: /the statements of a batch are an array/ },
  },
  params('run(…, params)', ({ db }, wrong) => db.run(INSERT, wrong)),
  params('get(…, params)', ({ db }, wrong) => db.get(INSERT, wrong)),
  params('query(…, params)', ({ db }, wrong) => db.query(INSERT, wrong)),
  params('batch([{params}])', ({ db }, wrong) =>
    db.batch(['DELETE FROM a', { sql: INSERT, params: wrong }]),
  ),
  {
    ...params('run(…, [value])', ({ db }, wrong) => db.run(INSERT, [wrong])),
    ...{ may: VALUES, names: /parameter 1 / },
  },
  {
    ...params('run(…, {name: value})', ({ db }, wrong) =>
      db.run('INSERT INTO a VALUES (:v)', { v: wrong }),
    ),
    ...{ may: VALUES, names: /parameter "v" / },
  },
  {
    ...params('sql`${value}`', ({ db }, wrong) => db.run(sql`INSERT INTO a VALUES (${wrong})`)),
    ...{ may: VALUES, names: /parameter 1 / },
  },
  options('get(…, options)', ({ db }, wrong) => db.get(INSERT, [1], wrong)),
  options('query(…, options)', ({ db }, wrong) => db.query(INSERT, [1], wrong)),
  option('query(…, {rows})', 'rows', [], ({ db }, rows) => db.query(INSERT, [1], { rows })),
  options('batch(…, options)', ({ db }, wrong) => db.batch(['DELETE FROM a'], wrong)),
  option('batch(…, {mode})', 'mode', [], ({ db }, mode) => db.batch(['DELETE FROM a'], { mode })),
  params('statement.run(params)', ({ statement }, wrong) => statement.run(wrong)),
  params('statement.get(params)', ({ statement }, wrong) => statement.get(wrong)),
  params('statement.query(params)', ({ statement }, wrong) => statement.query(wrong)),
];

const BULK: readonly Argument[] = [
  {
    ...text('insertMany(into)', ({ db }, wrong) => db.insertMany(wrong, [[1]])),
    ...{ names: /table|name/ },
  },
  {
    ...params('insertMany(…, rows)', ({ db }, wrong) => db.insertMany('a', wrong)),
    ...{ may: ['map'], names: /rows/ },
  },
  {
    ...params('insertMany(…, [row])', ({ db }, wrong) => db.insertMany('a', [[1], wrong])),
    ...{ names: /rows\[1\]/ },
  },
  {
    ...params('insertMany(…, [[value]])', ({ db }, wrong) => db.insertMany('a', [[1], [wrong]])),
    ...{ may: VALUES, names: /rows\[1\]/ },
  },
  options('insertMany(…, options)', ({ db }, wrong) => db.insertMany('a', [[1]], wrong)),
  option('insertMany(…, {batchRows})', 'batchRows', ['number'], ({ db }, batchRows) =>
    db.insertMany('a', [[1]], { batchRows }),
  ),
  option('insertMany(…, {onProgress})', 'onProgress', ['function'], ({ db }, onProgress) =>
    db.insertMany('a', [[1]], { onProgress }),
  ),
  option('insertMany(…, {signal})', 'signal', [], ({ db }, signal) =>
    db.insertMany('a', [[1]], { signal }),
  ),
];

const WHOLE: readonly Argument[] = [
  {
    ...params('transaction(work)', ({ db }, wrong) => db.transaction(wrong)),
    ...{ may: ['function'], names: /the work of a transaction is a function/ },
  },
  options('transaction(…, options)', ({ db }, wrong) => db.transaction(write, wrong)),
  option('transaction(…, {name})', 'name', ['string'], ({ db }, wrong) =>
    db.transaction(write, { name: wrong }),
  ),
  option('transaction(…, {idleTimeout})', 'idleTimeout', ['number'], ({ db }, idleTimeout) =>
    db.transaction(write, { idleTimeout }),
  ),
  {
    ...params('onChange(listener)', ({ db }, wrong) => db.onChange(wrong)),
    ...{ may: ['function'], names: /a listener is a function/ },
  },
  options('vacuum(options)', ({ db }, wrong) => db.vacuum(wrong)),
  option('vacuum({pageSize})', 'pageSize', [], ({ db }, pageSize) => db.vacuum({ pageSize })),
  {
    ...text('sql.id(name)', (_, wrong) => sql.id(wrong)),
    ...{ names: /sql\.id/ },
  },
  {
    ...text('sql.join(list)', (_, wrong) => sql.join(wrong)),
    ...{ may: ['string', 'array', 'map', 'bytes'], names: /the list of sql\.join/ },
  },
  {
    ...text('sql.join(…, separator)', (_, wrong) => sql.join([1], wrong)),
    ...{ may: NOTHING, names: /separator of sql\.join/ },
  },
];

const FILES: readonly Argument[] = [
  name('open(name)', ({ t }, wrong) => open(wrong, t.options)),
  options('open(…, options)', ({ t }, wrong) => open(t.name('new'), wrong)),
  ...openOptions(),
  name('importDatabase(name)', ({ t }, wrong) =>
    importDatabase(wrong, new Uint8Array(1), t.options),
  ),
  {
    ...params('importDatabase(…, source)', ({ t }, wrong) =>
      importDatabase(t.name('new'), wrong, t.options),
    ),
    ...{ may: ['bytes'], names: /an import takes/ },
  },
  options('importDatabase(…, options)', ({ t }, wrong) =>
    importDatabase(t.name('new'), new Uint8Array(1), wrong),
  ),
  name('renameDatabase(name)', ({ t }, wrong) => renameDatabase(wrong, t.name('new'), t.options)),
  name('renameDatabase(…, to)', ({ t }, wrong) => renameDatabase(t.name(), wrong, t.options)),
  options('renameDatabase(…, options)', ({ t }, wrong) =>
    renameDatabase(t.name(), t.name('new'), wrong),
  ),
  name('deleteDatabase(name)', ({ t }, wrong) => deleteDatabase(wrong, t.options)),
  options('deleteDatabase(…, options)', ({ t }, wrong) => deleteDatabase(t.name(), wrong)),
  options('listDatabases(options)', (_, wrong) => listDatabases(wrong)),
];

/** The options of `open`, and the kinds that each may be. */
function openOptions(): Argument[] {
  const known: readonly (readonly [string, Kind[]])[] = [
    ['engine', []],
    ['storage', []],
    ['create', ['boolean']],
    ['readonly', ['boolean']],
    ['journalMode', []],
    ['durability', []],
    ['pageSize', []],
    ['cacheSize', ['number']],
    ['tempMemory', ['number']],
    ['busyTimeout', ['number']],
    ['foreignKeys', ['boolean']],
    ['int64', []],
    ['dates', []],
    ['onLog', ['function']],
    ['limits', ['object', 'array', 'date', 'map', 'bytes']],
    ['limits.length', ['number']],
  ];
  return known.map(([path, may]) => {
    const [key = '', inner] = path.split('.');
    const value = (wrong: never) => (inner === undefined ? wrong : { [inner]: wrong });
    return option(`open(…, {${path}})`, path.replace('.', '\\.'), may, ({ t }, wrong) =>
      open(t.name('new'), { ...t.options, [key]: value(wrong) }),
    );
  });
}

async function write(tx: { exec(sql: string): Promise<void> }): Promise<void> {
  await tx.exec('INSERT INTO a VALUES (2)');
}

/** What comes of it, whether it throws or rejects. */
async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    return error;
  }
}

const PARTS = { SQL, 'many rows': BULK, 'the whole': WHOLE, files: FILES };

for (const [part, list] of Object.entries(PARTS)) {
  test(`of ${part} is refused by an error that names the argument`, async (t) => {
    const db = await t.open();
    await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
    const statement = await db.prepare(INSERT);
    const place = { t, db, statement };
    for (const { call, may, code, names, make } of list) {
      for (const [kind, wrong] of Object.entries(KINDS)) {
        if (may.includes(kind as Kind)) continue;
        const error = await outcome(() => make(place, wrong as never));
        const label = `${call} with ${kind}`;
        if (!(error instanceof SqliteError)) {
          throw new AssertionError(`${label}: ${show(error)} is no SqliteError`);
        }
        equal(error.code, code, `${label}: ${error.message}`);
        match(error.message, names, label);
      }
    }
    equal(await db.query('SELECT b FROM a'), [{ b: 1 }], 'nothing is written');
    const mine = (await listDatabases(t.options)).filter((it) => it.startsWith(t.name('')));
    equal(mine.includes(t.name('new')), false, 'and no file is made');
  });
}
