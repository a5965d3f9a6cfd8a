// The library's own files fail to load: open() says which file, and what came in its place. It
// never hangs. The faulty folders are those of harness/files.ts.
import type * as Anchorite from 'anchorite';
import type { Database } from 'anchorite';
import { equal, match, rejects } from '../page/assert';
import type { Hooked, TestContext } from '../page/context';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('loading', SAME_IN_SYNC);

async function openFrom(t: TestContext, folder: string): Promise<Database> {
  const url = `${folder}index.js`;
  const { open } = (await import(url)) as typeof Anchorite;
  // Not with an owner that was loaded from elsewhere.
  const options: Hooked = t.options.worker
    ? { ...t.options, testHooks: { owner: t.name() } }
    : t.options;
  return await open(t.name(), options);
}

const wasmFile = (t: TestContext) =>
  t.build === 'jspi' ? 'anchorite.wasm' : 'anchorite.asyncify.wasm';

/** Fails to load from a faulty folder; the message names the file's URL and what else it must. */
async function fails(t: TestContext, fault: string, file: string, says: RegExp): Promise<void> {
  const code = file === 'worker.js' ? 'WORKER_LOAD_FAILED' : 'WASM_LOAD_FAILED';
  const folder = `/broken/${fault}/`;
  const error = await rejects(openFrom(t, folder), { code, message: says }, fault);
  match(error.message, new RegExp(`http://127.*${folder}${file.replaceAll('.', '\\.')}`), fault);
}

const WORKER = { contexts: ['worker'] } as const;

test('no worker file', WORKER, (t) => fails(t, 'worker-404', 'worker.js', /404/));
test('HTML for the worker', WORKER, (t) => fails(t, 'worker-html', 'worker.js', /text\/html/));
test('no file for the SharedWorker, which leaves a worker of its own', WORKER, async (t) => {
  const db = await openFrom(t, '/broken/shared-404/');
  const { sharing, sharingReason } = db.info;
  equal(sharing, t.cell.browser === 'chromium' ? 'shared' : 'hand-over');
  if (t.cell.browser !== 'chromium') match(sharingReason, /http.*\/shared\.js.*404/);
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
  await db.close();
});

test('no file for the way to an owner', { ...WORKER, browsers: ['firefox'] }, async (t) => {
  const expected = { code: 'WORKER_LOAD_FAILED', message: /owned\.js/ };
  await rejects(openFrom(t, '/broken/owned-404/'), expected);
});

test('no wasm file', (t) => fails(t, 'wasm-404', wasmFile(t), /404/));
test('no wasm file, type', (t) => fails(t, 'wasm-404', wasmFile(t), /text\/plain/));
test('HTML for the wasm', (t) => fails(t, 'wasm-html', wasmFile(t), /text\/html/));
test('half of the wasm', (t) => fails(t, 'wasm-cut', wasmFile(t), /application\/wasm/));
test('a policy against wasm in the worker', WORKER, (t) => fails(t, 'no-wasm', wasmFile(t), /./));
test('a policy against its fetch', WORKER, (t) => fails(t, 'no-connect', wasmFile(t), /./));

interface Told {
  readonly code: unknown;
  readonly message: string;
}

/** In the second tab, whose page has a stricter policy. */
async function tell(t: TestContext): Promise<Told> {
  const { code, message } = await rejects(openFrom(t, '/anchorite/'), {});
  return { code, message };
}

test('a policy against workers', { ...WORKER, peer: tell }, async (t) => {
  const told = (await t.peer(null, 'no-worker')) as Told;
  equal(told.code, 'WORKER_LOAD_FAILED', told.message);
  match(told.message, /http:.*\/anchorite\/worker\.js/);
});

test('a policy against wasm in the page', { contexts: ['window'], peer: tell }, async (t) => {
  const told = (await t.peer(null, 'no-wasm')) as Told;
  equal(told.code, 'WASM_LOAD_FAILED', told.message);
  match(told.message, new RegExp(`http:.*/anchorite/${wasmFile(t).replaceAll('.', '\\.')}`));
});
