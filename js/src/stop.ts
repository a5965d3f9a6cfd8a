// What a signal says of the call that it gives up, beside that it is aborted: for an engine that
// hears of nothing while SQL runs. Set by limit.ts in a page and by worker/cancels.ts, read by
// worker/engine.ts and what refuses a request. Types only.

/** Where nothing is said, the caller may abort it at any time, and there is no time limit. */
export interface Stop extends AbortSignal {
  /** When the call is over its time, by the clock of this context. */
  due?: number;
  /** Whether only that aborts it. */
  timed?: boolean | undefined;
}
