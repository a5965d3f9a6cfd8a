// Tells what nobody has caught in this worker. Used by watched-worker.ts and watched-shared.ts.
import { UNCAUGHT } from './link';

export function watch(): void {
  const channel = new BroadcastChannel(UNCAUGHT);
  const tell = (what: unknown): void => {
    channel.postMessage(what instanceof Error ? `${what.stack ?? what}` : String(what));
  };
  self.addEventListener('error', (event) => {
    event.preventDefault();
    tell((event as ErrorEvent).error ?? (event as ErrorEvent).message);
  });
  self.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    tell((event as PromiseRejectionEvent).reason);
  });
}
