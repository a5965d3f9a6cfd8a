// Runs one phase of one test, in the window or inside a worker; main.ts and inside.ts call it.
// It must not know how a command came.
import type { Cell, Outcome } from '../wire';
import { TestContext } from './context';
import { find } from './registry';
import { settle } from './settle';

export interface Run {
  readonly test: string;
  readonly phase: number;
  readonly cell: Cell;
  readonly previous: unknown;
}

/** What went wrong in this context outside any promise a test holds. */
const uncaught: string[] = [];

/** Call once: what nobody catches, and what the policy blocks, fails the phase that is running. */
export function watchForUncaught(scope: EventTarget): void {
  scope.addEventListener('error', (event) => {
    uncaught.push(`uncaught error: ${(event as ErrorEvent).message}`);
  });
  scope.addEventListener('unhandledrejection', (event) => {
    uncaught.push(`unhandled rejection: ${String((event as PromiseRejectionEvent).reason)}`);
  });
  scope.addEventListener('securitypolicyviolation', (event) => {
    const { violatedDirective, blockedURI } = event as SecurityPolicyViolationEvent;
    uncaught.push(`policy violation: ${violatedDirective} blocked ${blockedURI}`);
  });
}

export async function execute(run: Run): Promise<Outcome> {
  const test = find(run.test);
  const t = new TestContext(run.test, run.cell, run.previous);
  const last = run.phase === test.phases.length - 1;
  const outcome = await settle(async () => {
    const value = await test.phases[run.phase]?.(t);
    const surprises = uncaught.splice(0);
    if (surprises.length > 0) throw new Error(surprises.join('; '));
    return value;
  });
  if (!last && outcome.ok) return outcome;
  const cleaned = await settle(() => t.cleanUp().then(() => t.removeFiles()));
  return outcome.ok && !cleaned.ok ? cleaned : outcome;
}

/** The second tab's part of a test. */
export async function executePeer(id: string, cell: Cell, argument: unknown): Promise<Outcome> {
  const peer = find(id).options.peer;
  const t = new TestContext(id, cell, undefined);
  const outcome = await settle(async () => {
    if (peer === undefined) throw new Error(`"${id}" has no peer`);
    return await peer(t, argument as never);
  });
  uncaught.splice(0);
  await settle(() => t.cleanUp());
  return outcome;
}
