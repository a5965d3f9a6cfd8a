// The Rust client: the cases of tests/client, which run natively too, in a page, against the worker
// that the package ships; and beside a front end in JavaScript.
import init, { count_up, open_from, run_case } from 'client-module';
import { equal, match } from '../page/assert';
import { describe, test } from '../page/registry';
import { Tab } from '../page/tabs';

/** Which build serves it is the package's affair: by itself it takes the browser's. */
describe('rust client', { contexts: ['worker'], twins: ['jspi'] });

/** The names in list.rs, put in by build.mjs. */
declare const CLIENT: readonly string[];

/** Loads the module, once. */
async function load(): Promise<void> {
  await init({ module_or_path: '/client/client_bg.wasm' });
}

for (const name of CLIENT) {
  test(name, async (t) => {
    await load();
    await run_case(name, t.name('').replace(/sqlite$/, ''));
  });
}

test('a front end in Rust and one in JavaScript count in two tabs at once', async (t) => {
  await load();
  const tab = await Tab.make(t);
  const db = await tab.open(t.name(), t.options);
  await db.exec('CREATE TABLE counter (n); INSERT INTO counter VALUES (0)');
  const rust = count_up(t.name(), 50);
  for (let i = 0; i < 50; i++) await db.exec('UPDATE counter SET n = n + 1');
  equal((await rust) >= 50, true);
  equal(await db.query('SELECT n FROM counter'), [{ n: 100 }]);
});

test('a package that is not served says so', async () => {
  await load();
  const refused = await open_from('/nothing/here').then(() => 'opened', String);
  match(refused, /^WORKER_LOAD_FAILED: .*\/nothing\/here\/index\.js; serve its dist there/);
});
