// The library in place in a SharedWorker and in a ServiceWorker, on asynchronous handles.
import { equal } from '../page/assert';
import type { TestContext } from '../page/context';
import { describe, test } from '../page/registry';

describe('contexts');

const SCRIPT = '/page/elsewhere.js';
const ONCE = { contexts: ['window'] } as const;

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

function ask(t: TestContext, port: MessagePort, post: (request: object) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data }: MessageEvent<Answer>) =>
      data.error === undefined ? resolve(data.value) : reject(new Error(data.error));
    post({ name: t.name(), engine: t.cell.twin });
  });
}

test('a SharedWorker keeps what it wrote', ONCE, async (t) => {
  const worker = new SharedWorker(SCRIPT, { type: 'module', name: t.name() });
  const { port } = worker;
  for (const n of [1, 2]) {
    const found = await ask(t, port, (request) => port.postMessage(request));
    equal(found, { n, context: 'shared-worker', storage: 'opfs-async' });
  }
  const db = await t.open();
  equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 2 }]);
});

test('a ServiceWorker keeps what it wrote', ONCE, async (t) => {
  const scope = `/page/${encodeURIComponent(t.name())}/`;
  const registered = await navigator.serviceWorker.register(SCRIPT, { type: 'module', scope });
  t.defer(() => registered.unregister());
  const worker = registered.installing ?? registered.waiting ?? registered.active;
  if (worker === null) throw new Error('registered without a worker');
  for (const n of [1, 2]) {
    const { port1, port2 } = new MessageChannel();
    const post = (request: object) => worker.postMessage({ ...request, port: port2 }, [port2]);
    const found = await ask(t, port1, post);
    equal(found, { n, context: 'service-worker', storage: 'opfs-async' });
  }
});
