// One SQLite on both sides: the wasm and the native build come from the same source with the same
// options, except for the differences that tests/data/permitted-differences.json gives reasons for.
import { equal } from '../page/assert';
import { oracle } from '../page/data';
import { fetchJson } from '../page/home';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('one SQLite', SAME_IN_SYNC);

interface Permitted {
  readonly compileOptions: readonly {
    readonly option: string;
    readonly where: 'value' | 'native' | 'wasm';
    readonly reason: string;
  }[];
}

test('the source is the one of the native build', async (t) => {
  const db = await t.open(':memory:');
  const native = await oracle();
  equal(await db.query('SELECT sqlite_source_id() AS id, sqlite_version() AS version'), [
    { id: native.sourceId, version: native.sqliteVersion },
  ]);
});

test('compile options differ only where that is permitted, and there they do', async (t) => {
  const db = await t.open(':memory:');
  const rows = await db.query<{ compile_options: string }>('PRAGMA compile_options');
  const wasm = byName(rows.map((row) => row.compile_options));
  const native = byName((await oracle()).compileOptions);
  const names = [...new Set([...wasm.keys(), ...native.keys()])].sort();
  const differences = names.flatMap((option) => {
    if (!native.has(option)) return [`${option} wasm`];
    if (!wasm.has(option)) return [`${option} native`];
    return wasm.get(option) === native.get(option) ? [] : [`${option} value`];
  });
  const { compileOptions } = await fetchJson<Permitted>('/tests/data/permitted-differences.json');
  const permitted = compileOptions.map(({ option, where }) => `${option} ${where}`).sort();
  equal(differences.sort(), permitted);
});

function byName(options: readonly string[]): Map<string, string> {
  return new Map(options.map((text) => [text.split('=')[0] ?? '', text]));
}
