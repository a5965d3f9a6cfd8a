// A `BroadcastChannel` within one thread. That of Node and Deno keeps a process from ending for as
// long as it is open, and nobody else could have the databases of this thread anyway. Used by
// globals.ts and index.ts.

const open = new Map<string, Set<Channel>>();

/** Says to all others of its name what is posted, soon. */
export class Channel extends EventTarget {
  readonly name: string;
  onmessage: ((event: MessageEvent) => void) | undefined;

  constructor(name: string) {
    super();
    this.name = name;
    const others = open.get(name) ?? new Set();
    open.set(name, others.add(this));
  }

  postMessage(message: unknown): void {
    const data: unknown = structuredClone(message);
    for (const other of open.get(this.name) ?? []) {
      if (other !== this) {
        queueMicrotask(() => other.#hear(data));
      }
    }
  }

  close(): void {
    open.get(this.name)?.delete(this);
  }

  #hear(data: unknown): void {
    if (open.get(this.name)?.has(this)) {
      const event = new MessageEvent('message', { data });
      this.onmessage?.(event);
      this.dispatchEvent(event);
    }
  }
}
