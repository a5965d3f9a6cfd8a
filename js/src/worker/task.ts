// The next task of this context: what has come in until then is heard first. Used by queue.ts
// between two jobs and, through engine.ts, while SQL runs. It must not know what is waited for.

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
