// The engines that run in place, and where their code comes from: a page that has a worker never
// loads it. Used by client.ts. It must not know what an engine does.

import { currentContext } from './context.js';
import { SqliteError } from './errors.js';
import type { EngineChoice, TestHooks } from './protocol.js';
import type { Host } from './worker/host.js';

type HostClass = typeof Host;

/** By the build that was asked for; each serves many databases. */
const hosts = new Map<EngineChoice, Host>();

let provided: HostClass | undefined;

/** From now on the code is this, and nothing is loaded. */
export function provideHost(host: HostClass): void {
  provided = host;
}

/** The engine of this context, or one of its own where a test has its hands in it. */
export async function hostOf(engine: EngineChoice, hooks: TestHooks): Promise<Host> {
  const Engine = provided ?? (await load());
  if (Object.keys(hooks).length > 0) {
    return new Engine();
  }
  const shared = hosts.get(engine);
  const host = shared === undefined || shared.failed ? new Engine() : shared;
  hosts.set(engine, host);
  return host;
}

async function load(): Promise<HostClass> {
  if (currentContext() === 'service-worker') {
    const message = 'a ServiceWorker loads no code later: import from "anchorite/in-place" there';
    throw new SqliteError(message, { code: 'ENGINE_UNAVAILABLE' });
  }
  const { Host } = await import('./worker/host.js');
  return Host;
}
