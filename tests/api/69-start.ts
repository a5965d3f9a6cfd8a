// How an open begins and ends early: a module from elsewhere, a signal that abandons it.
import { open } from 'anchorite';
import { equal, ok, rejects, show } from '../page/assert';
import { fetchBytes } from '../page/home';
import { describe, test } from '../page/registry';

describe('start');

const FILES = { jspi: 'anchorite.wasm', asyncify: 'anchorite.asyncify.wasm' };

test('takes the module by URL, as bytes or compiled', async (t) => {
  const { build } = t;
  const path = `/anchorite/${FILES[build]}`;
  const bytes = await fetchBytes(path);
  const module = await WebAssembly.compile(bytes);
  const isOwned = (await t.open()).info.sharing === 'owner';
  for (const source of [path, new URL(path, location.href), bytes, bytes.buffer, module]) {
    const name = t.name(source.constructor.name);
    const opening = open(name, { ...t.options, wasm: { [build]: source } });
    if (source === module && isOwned) {
      await rejects(opening, { code: 'INVALID_OPTION', message: /"wasm".*give its bytes/ });
      continue;
    }
    const db = await opening;
    equal(await db.get('SELECT 1 AS a'), { a: 1 }, name);
    await db.close();
  }
});

/** A source that cannot be the module, and the code of the error. */
const WRONG: readonly (readonly [unknown, string, RegExp])[] = [
  ['/anchorite/nowhere.wasm', 'WASM_LOAD_FAILED', /nowhere\.wasm \(status 404/],
  [new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]), 'WASM_LOAD_FAILED', /another module/],
  [new Uint8Array(8), 'WASM_LOAD_FAILED', /the module that was given/],
  [5, 'INVALID_OPTION', /"wasm\.\w+" cannot be 5; it is string or URL/],
];

test('says what is wrong with a module', { contexts: ['worker', 'inside'] }, async (t) => {
  for (const [source, code, message] of WRONG) {
    // A build that nobody of this page has loaded yet is not needed: a name of its own is.
    const options = { ...t.options, wasm: { [t.build]: source }, testHooks: { seed: 1 } };
    await rejects(open(t.name(), options as never), { code, message }, show(source));
  }
  const near = open(t.name(), { ...t.options, wasm: { jspy: 'x' } } as never);
  await rejects(near, { code: 'INVALID_OPTION', message: /"wasm\.jspy"; did you mean "jspi"/ });
});

test('the other build in its place is refused', { contexts: ['worker'] }, async (t) => {
  const other = t.build === 'jspi' ? FILES.asyncify : FILES.jspi;
  const wasm = { [t.build]: `/anchorite/${other}` };
  const opening = open(t.name(), { ...t.options, wasm, testHooks: { seed: 1 } } as never);
  await rejects(opening, { code: 'WASM_LOAD_FAILED', message: /another module/ });
});

test('an open that waits is abandoned by its signal', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  const abandoned = new AbortController();
  const opening = open(t.name(), { ...t.options, signal: abandoned.signal, journalMode: 'delete' });
  const reason = new Error('no longer wanted');
  const outcome = opening.then(
    () => 'opened',
    (error: unknown) => error,
  );
  setTimeout(() => abandoned.abort(reason));
  ok((await outcome) === reason, 'the reason of the signal');
  await db.exec('COMMIT');
  await db.close();
  const again = await t.open();
  equal(await again.query('SELECT b FROM a'), [], 'and the next one opens it');
});

test('a signal that says so beforehand opens nothing', async (t) => {
  const signal = AbortSignal.abort(new Error('never'));
  await rejects(open(t.name(), { ...t.options, signal }), { message: /never/ });
  const later = new AbortController();
  const db = await open(t.name(), { ...t.options, signal: later.signal });
  later.abort();
  equal(await db.get('SELECT 1 AS a'), { a: 1 }, 'an open database is not closed by it');
  await db.close();
});
