// The next task of this context: what has come in until then is heard first. Used by queue.ts
// between two jobs, through engine.ts while SQL runs, and by local.ts between calls. It must not
// know what is waited for.

/** After how long without one a task is due, in ms. */
export const TURN_MS = 20;

/** Resolves in a task of its own: a timer would take 4 ms, and is throttled in hidden pages. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Whether other tasks have had a turn while calls follow one another. */
export class Turns {
  #next: Promise<void> | undefined;
  #since = 0;

  /** At each call. */
  noteCall(): void {
    if (this.#next === undefined) {
      this.#since = performance.now();
      this.#next = nextTask().then(() => {
        this.#next = undefined;
      });
    }
  }

  /** The next task, where the calls have gone on for so long without one. */
  get due(): Promise<void> | undefined {
    return performance.now() - this.#since > TURN_MS ? this.#next : undefined;
  }
}
