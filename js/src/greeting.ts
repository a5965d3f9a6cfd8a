// What a page and a worker of the application say to each other before the wire is laid. Used by
// given.ts in the page and by worker/serve.ts; docs/protocol.md explains it.

/**
 * Changes whenever the messages in protocol.ts do: that worker is bundled apart from the page, and
 * may be of another version.
 */
export const WIRE = 2;

/** Page to worker: whether it is there; with a port, from then on requests come on that. */
export interface GreetMessage {
  readonly anchorite: 'greet';
}

/** Worker to page, when it has begun to serve and when it is greeted. */
export interface HereMessage {
  readonly anchorite: 'here';
  readonly wire: number;
  /** As in `ReadyMessage`. */
  readonly life: string;
}

/** Whether it is one of them: the application may send messages of its own. */
export function isGreeting(message: unknown, word: 'greet' | 'here'): boolean {
  return (message as Partial<GreetMessage> | null)?.anchorite === word;
}
