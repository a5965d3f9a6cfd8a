/**
 * Reads what a database holds: tables, views, indexes, triggers, columns, counts and sizes.
 * Used by the Schema panel, completion, the table browser and the dump. Must not know the page.
 */
import type { Database } from 'anchorite';
import type { Vocabulary } from '../editor/completion.ts';
import { KEPT_PREFIX } from '../results/rows.ts';
import { quoteName } from '../sql/quote.ts';

export type Kind = 'table' | 'view' | 'index' | 'trigger';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** Its place in the primary key, from 1; 0 if it is not in it. */
  readonly key: number;
  readonly generated: boolean;
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
}

async function readOne(database: Database, schema: string): Promise<Item[]> {
  const listed = await database.query<Listed>(
    `SELECT s.type AS kind, s.name, s.tbl_name AS "table", s.sql AS ddl,
       coalesce(t.type = 'shadow', 0) AS shadow, coalesce(t.wr, 0) AS wr
     FROM ${quoteName(schema)}.sqlite_schema s
     LEFT JOIN pragma_table_list t ON t.schema = ?1 AND t.name = s.name
     WHERE s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND s.name NOT LIKE ?2
     ORDER BY s.name COLLATE NOCASE`,
    [schema, `${KEPT_PREFIX}%`],
  );
  const columns = await readColumns(database, schema, listed);
  return listed.map(({ kind, name, table, ddl, shadow, wr }) => ({
    ...{ kind, schema, name, table, ddl },
    columns: columns.get(name) ?? [],
    shadow: shadow === 1n,
    withoutRowid: wr === 1n,
  }));
}

interface ListedColumn {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly notnull: bigint;
  readonly pk: bigint;
  readonly hidden: bigint;
}

const COLUMNS = `SELECT p.name, p.type, p."notnull", p.pk, p.hidden
  FROM pragma_table_xinfo(?, ?) p WHERE p.hidden <> 1`;

/** A view that is broken has no columns, and is in nobody's way. */
async function readColumns(
  database: Database,
  schema: string,
  listed: readonly Listed[],
): Promise<Map<string, Column[]>> {
  const columns = new Map<string, Column[]>();
  for (const { kind, name } of listed) {
    if (kind !== 'table' && kind !== 'view') continue;
    const found = await database
      .query<ListedColumn>(COLUMNS, [name, schema])
      .catch((): ListedColumn[] => []);
    columns.set(name, found.map(columnOf));
  }
  return columns;
}

function columnOf({ name, type, notnull, pk, hidden }: ListedColumn): Column {
  return { name, type, notNull: notnull === 1n, key: Number(pk), generated: hidden > 1n };
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
    const rows = item.kind === 'table' ? await rowsOf(database, item, signal) : undefined;
    extents.set(nameOf(item), {
      ...(rows === undefined ? {} : { rows }),
      ...(bytes === undefined ? {} : { bytes }),
    });
  }
  return extents;
}

async function rowsOf(
  database: Database,
  item: Item,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  try {
    const sql = `SELECT count(*) FROM ${nameOf(item)}`;
    return Number(await database.get<bigint>(sql, [], { rows: 'scalar', signal }));
  } catch (error) {
    if (signal?.aborted) throw error;
    // A virtual table may lack its module here.
    return undefined;
  }
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
