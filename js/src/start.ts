// Starts the package's workers, says what went wrong when one cannot be started, and tells when one
// is gone. Used by client.ts, join.ts and owned.ts in a page, and by worker/shared.ts. It must not
// know what is said to a worker.

import { SqliteError, text } from './errors.js';

/** The way to a worker that takes requests. */
export interface Line {
  readonly port: Worker | MessagePort;
  /** A lock that it holds until it is gone. */
  readonly life: string;
  /** Gives it up. */
  end(): void;
}

/** The literal form is what bundlers look for; relative to the bundled dist/*.js. */
export async function startWorker(name = ''): Promise<Worker> {
  try {
    return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name });
  } catch (error) {
    throw await loadError('worker', error);
  }
}

/** Resolves to the first message of a worker. */
export function whenReady<First>(worker: Worker): Promise<First> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<First>) => resolve(data);
    worker.onerror = async (event) => {
      event.preventDefault();
      worker.terminate();
      reject(await loadError('worker', event.message || undefined));
    };
  });
}

/** Resolves when whoever holds a lock for life is gone. */
export async function whenFree(life: string, signal?: AbortSignal): Promise<void> {
  await navigator.locks.request(
    life,
    { mode: 'shared', ...(signal && { signal }) },
    () => undefined,
  );
}

/** The event says next to nothing, so the file is asked for once more, to name what is served. */
export async function loadError(which: 'worker' | 'shared', cause: unknown): Promise<SqliteError> {
  const because = cause === undefined ? '' : `: ${text(cause)}`;
  const message = `cannot start the worker ${await describe(`${which}.js`)}${because}`;
  return new SqliteError(message, { code: 'WORKER_LOAD_FAILED', cause });
}

/** A bundler gives the worker a name that cannot be known here; as shipped it lies beside us. */
async function describe(file: string): Promise<string> {
  const here = import.meta.url;
  if (!/\/(?:core|shared)\.js(?:[?#]|$)/.test(here)) {
    return `that was bundled with ${here}`;
  }
  const url = here.replace(/(?:core|shared)\.js(?=[?#]|$)/, file);
  try {
    const response = await fetch(url);
    const type = response.headers.get('content-type') ?? 'no MIME type';
    return `${url} (status ${response.status}, ${type})`;
  } catch (error) {
    return `${url} (${text(error)})`;
  }
}
