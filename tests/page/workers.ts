// Gets hold of the worker the library starts, so that a test can end it. It must not know tests.

/**
 * Runs `action`; the worker that was started meanwhile comes with its result. `posted` is called
 * with what the library says to it, before it does.
 */
export async function withWorkerOf<T>(
  action: () => Promise<T>,
  posted: (message: unknown) => void = () => undefined,
): Promise<[T, Worker]> {
  const Original = globalThis.Worker;
  const caught: Worker[] = [];
  globalThis.Worker = class extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      caught.push(this);
      const post = this.postMessage.bind(this) as (...values: unknown[]) => void;
      this.postMessage = (...values: unknown[]) => {
        posted(values[0]);
        post(...values);
      };
    }
  };
  try {
    const result = await action();
    const worker = caught[0];
    if (worker === undefined || caught.length > 1) throw new Error(`${caught.length} workers`);
    return [result, worker];
  } finally {
    globalThis.Worker = Original;
  }
}
