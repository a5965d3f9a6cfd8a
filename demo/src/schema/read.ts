/**
 * Reads what a database holds: tables, views, indexes, triggers, columns, counts and sizes.
 * Used by the Schema panel, completion, the table browser and the dump. Must not know the page.
 */
import type { Database } from 'anchorite';
import type { Vocabulary } from '../editor/completion.ts';
import { KEPT_PREFIX } from '../results/rows.ts';
import { quoteName } from '../sql/quote.ts';
import { visible } from '../words.ts';

export type Kind = 'table' | 'view' | 'index' | 'trigger';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** Its place in the primary key, from 1; 0 if it is not in it. */
  readonly key: number;
  readonly generated: boolean;
  /** The text of its default. */
  readonly default: string | null;
}

export interface Item {
  readonly kind: Kind;
  readonly schema: string;
  readonly name: string;
  /** The table that an index or a trigger is of. */
  readonly table: string;
  readonly ddl: string | null;
  readonly columns: readonly Column[];
  /** Whether it belongs to a virtual table, and is not for anybody else. */
  readonly shadow: boolean;
  readonly withoutRowid: boolean;
  readonly virtual: boolean;
}

/** What a table has and takes, as far as it is known. */
export interface Extent {
  readonly rows?: number;
  readonly bytes?: number;
}

/** `"main"."a table"`. */
export function nameOf({ schema, name }: Pick<Item, 'schema' | 'name'>): string {
  return schema === 'main' ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
}

/** A column's type and what holds for it, in words. */
export function factsOf({ type, key, notNull, generated }: Column): string {
  const facts = [
    visible(type.toLowerCase()),
    key > 0 ? 'key' : '',
    notNull ? 'not null' : '',
    generated ? 'generated' : '',
  ];
  return facts.filter((fact) => fact !== '').join(' · ');
}

/** All that is in the open database and what is attached to it. */
export async function readSchema(database: Database): Promise<Item[]> {
  const sql = 'SELECT name FROM pragma_database_list ORDER BY seq';
  const schemas = await database.query<string>(sql, [], { rows: 'scalar' });
  const items: Item[] = [];
  for (const schema of schemas) items.push(...(await readOne(database, schema)));
  return items;
}

interface Listed {
  readonly kind: Kind;
  readonly name: string;
  readonly table: string;
  readonly ddl: string | null;
  readonly shadow: bigint;
  readonly wr: bigint;
  readonly virtual: bigint;
}

async function readOne(database: Database, schema: string): Promise<Item[]> {
  const listed = await database.query<Listed>(
    `SELECT s.type AS kind, s.name, s.tbl_name AS "table", s.sql AS ddl,
       coalesce(t.type = 'shadow', 0) AS shadow, coalesce(t.wr, 0) AS wr,
       coalesce(t.type = 'virtual', 0) AS virtual
     FROM ${quoteName(schema)}.sqlite_schema s
     LEFT JOIN pragma_table_list t ON t.schema = ?1 AND t.name = s.name
     WHERE s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND s.name NOT LIKE ?2
     ORDER BY s.name COLLATE NOCASE`,
    [schema, `${KEPT_PREFIX}%`],
  );
  const columns = await readColumns(database, schema, listed);
  return listed.map(({ kind, name, table, ddl, shadow, wr, virtual }) => ({
    ...{ kind, schema, name, table, ddl },
    columns: columns.get(name) ?? [],
    shadow: shadow === 1n,
    withoutRowid: wr === 1n,
    virtual: virtual === 1n,
  }));
}

interface ListedColumn {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly notnull: bigint;
  readonly pk: bigint;
  readonly hidden: bigint;
  readonly default: string | null;
}

const COLUMNS = 'p.name, p.type, p."notnull", p.pk, p.hidden, p.dflt_value AS "default"';

/** All at once; a view that is broken fails that, and then each is asked by itself. */
async function readColumns(
  database: Database,
  schema: string,
  listed: readonly Listed[],
): Promise<Map<string, Column[]>> {
  const all = `SELECT s.name AS "table", ${COLUMNS}
    FROM ${quoteName(schema)}.sqlite_schema s JOIN pragma_table_xinfo(s.name, ?) p
    WHERE s.type IN ('table', 'view') AND p.hidden <> 1`;
  const found = await database
    .query<ListedColumn>(all, [schema])
    .catch(() => readColumnsOneByOne(database, schema, listed));
  const columns = new Map<string, Column[]>();
  for (const column of found) {
    const others = columns.get(column.table) ?? [];
    others.push(columnOf(column));
    columns.set(column.table, others);
  }
  return columns;
}

/** What is broken has no columns, and is in nobody's way. */
async function readColumnsOneByOne(
  database: Database,
  schema: string,
  listed: readonly Listed[],
): Promise<ListedColumn[]> {
  const one = `SELECT ? AS "table", ${COLUMNS}
    FROM pragma_table_xinfo(?, ?) p WHERE p.hidden <> 1`;
  const columns: ListedColumn[] = [];
  for (const { kind, name } of listed) {
    if (kind !== 'table' && kind !== 'view') continue;
    const found = await database
      .query<ListedColumn>(one, [name, name, schema])
      .catch((): ListedColumn[] => []);
    columns.push(...found);
  }
  return columns;
}

function columnOf({ name, type, notnull, pk, hidden, default: value }: ListedColumn): Column {
  const facts = { notNull: notnull === 1n, key: Number(pk), generated: hidden > 1n };
  return { name, type, ...facts, default: value };
}

/** How many bytes the open database has. */
export async function databaseBytes(database: Database): Promise<number> {
  const sql = 'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size';
  return Number(await database.get<bigint>(sql, [], { rows: 'scalar' }));
}

/** Counts rows and bytes; it reads the whole database. */
export async function measure(
  database: Database,
  items: readonly Item[],
  signal?: AbortSignal,
): Promise<Map<string, Extent>> {
  const sizes = await sizesOf(database, signal);
  const extents = new Map<string, Extent>();
  for (const item of items) {
    const bytes = item.schema === 'main' ? sizes.get(item.name) : undefined;
    extents.set(nameOf(item), bytes === undefined ? {} : { bytes });
  }
  const tables = items.filter(({ kind }) => kind === 'table').map(nameOf);
  for (let at = 0; at < tables.length; at += COUNTED_AT_ONCE) {
    const some = tables.slice(at, at + COUNTED_AT_ONCE);
    for (const [table, rows] of await countRows(database, some, signal)) {
      extents.set(table, { ...extents.get(table), rows });
    }
  }
  return extents;
}

/** So many tables are counted by one statement, which can have 500 parts. */
const COUNTED_AT_ONCE = 100;

/** A virtual table that lacks its module here fails all, and then each is counted by itself. */
async function countRows(
  database: Database,
  tables: readonly string[],
  signal: AbortSignal | undefined,
): Promise<[string, number][]> {
  const sql = tables.map((table) => `SELECT count(*) FROM ${table}`).join(' UNION ALL ');
  try {
    const rows = await database.query<bigint>(sql, [], { rows: 'scalar', signal });
    return tables.map((table, index) => [table, Number(rows[index])]);
  } catch (error) {
    if (signal?.aborted) throw error;
    if (tables.length === 1) return [];
  }
  const counts: [string, number][] = [];
  for (const table of tables) counts.push(...(await countRows(database, [table], signal)));
  return counts;
}

async function sizesOf(
  database: Database,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const sql = 'SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE';
  const rows = await database
    .query<[string, bigint]>(sql, [], { rows: 'array', signal })
    .catch((): [string, bigint][] => []);
  return new Map(rows.map(([name, bytes]) => [name, Number(bytes)]));
}

/** What the editor can propose. */
export async function readVocabulary(
  database: Database,
  items: readonly Item[],
): Promise<Vocabulary> {
  const list = (sql: string) =>
    database.query<string>(sql, [], { rows: 'scalar' }).catch((): string[] => []);
  const tables = items.filter(
    ({ kind, shadow }) => (kind === 'table' || kind === 'view') && !shadow,
  );
  return {
    tables: Object.fromEntries(
      tables.map(({ name, columns }) => [name, columns.map((column) => column.name)]),
    ),
    functions: await list(
      `SELECT DISTINCT name FROM pragma_function_list WHERE name GLOB '[a-z]*' ORDER BY name`,
    ),
    pragmas: await list('SELECT name FROM pragma_pragma_list ORDER BY name'),
  };
}
