// Runs the library in place in a SharedWorker or a ServiceWorker: asked by a message with a port,
// it answers with what it found. It must not know tests.
import { open } from 'anchorite/in-place';
import type { Twin } from '../wire';

interface Request {
  readonly name: string;
  readonly engine: Twin;
  readonly port?: MessagePort;
}

async function work({ name, engine }: Request): Promise<unknown> {
  const db = await open(name, { engine });
  await db.exec('CREATE TABLE IF NOT EXISTS a (b); INSERT INTO a VALUES (1)');
  const [row] = await db.query('SELECT count(*) AS n FROM a');
  const { context, storage } = db.info;
  await db.close();
  return { n: row?.['n'], context, storage };
}

function answer(event: MessageEvent<Request>, port: MessagePort | undefined): void {
  void work(event.data).then(
    (value) => port?.postMessage({ value }),
    (error: unknown) => port?.postMessage({ error: String(error) }),
  );
}

self.addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port === undefined) return;
  port.onmessage = (message: MessageEvent<Request>) => answer(message, port);
});
self.addEventListener('message', (event) => {
  answer(event as MessageEvent<Request>, event.data.port);
});
