// Decides in which order the tests of one browser run. Tests with the same actions go through them
// together, over all cells at once: one kill of the browser serves every test that needs one.
// It must not know how a browser is driven.
import { ACTIONS, cellId } from '../wire';
import type { Action, Cell, Launch, Outcome, TestInfo } from '../wire';
import { print } from './report';
import type { Results } from './report';
import type { Lost, Session } from './session';

/** One test in one cell, on its way through its phases. */
interface Errand {
  readonly test: TestInfo;
  readonly cell: Cell;
  previous: unknown;
  failed: boolean;
  milliseconds: number;
}

export interface Plan {
  readonly cells: readonly Cell[];
  readonly filter: string;
  readonly launch: Launch;
}

/** How long one phase may take; the engine's compilation in the page takes seconds of it. */
const PHASE_MS = 60_000;

/** The whole list in the browser of this session. */
export async function runList(session: Session, plan: Plan, results: Results): Promise<void> {
  const errands = await plannedErrands(session, plan);
  for (const cell of plan.cells) {
    const here = errands.filter((errand) => errand.cell === cell);
    const started = performance.now();
    results.begin(cell);
    await session.perform('reload');
    await runCell(
      session,
      here.filter(({ test }) => test.actions.length === 0),
      results,
    );
    print(`  ${cellId(cell)}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  const routes = new Set(errands.map(({ test }) => test.actions.join()));
  for (const route of [...routes].filter((text) => text !== '').sort(byDamage)) {
    await runRoute(
      session,
      errands.filter(({ test }) => test.actions.join() === route),
      results,
    );
  }
}

async function plannedErrands(session: Session, plan: Plan): Promise<Errand[]> {
  const outcome = await session.command({ type: 'list', cells: plan.cells });
  if (!outcome.ok) throw new Error(`the page does not give its list: ${outcome.message}`);
  const tests = (outcome.value as TestInfo[]).filter(
    ({ id, launch }) => launch === plan.launch && id.includes(plan.filter),
  );
  return plan.cells.flatMap((cell, index) =>
    tests
      .filter((test) => test.cells.includes(index))
      .map((test) => ({ test, cell, previous: null, failed: false, milliseconds: 0 })),
  );
}

/** Tests without actions: those that wait start first and are collected last. */
async function runCell(session: Session, errands: Errand[], results: Results): Promise<void> {
  const background = errands.filter(({ test }) => test.background);
  const waiting = background.map((errand) => runPhase(session, errand, 0, results));
  for (const errand of errands.filter(({ test }) => !test.background)) {
    await runPhase(session, errand, 0, results);
  }
  await Promise.all(waiting);
}

/** Tests with the same row of actions: a phase of each, the action, the next phase of each. */
async function runRoute(session: Session, errands: Errand[], results: Results): Promise<void> {
  const actions = errands[0]?.test.actions ?? [];
  for (let phase = 0; phase <= actions.length; phase++) {
    for (const errand of errands) {
      if (!errand.failed) await runPhase(session, errand, phase, results);
    }
    const action = actions[phase];
    if (action !== undefined) await session.perform(action);
  }
}

async function runPhase(
  session: Session,
  errand: Errand,
  phase: number,
  results: Results,
): Promise<void> {
  const { test, cell, previous } = errand;
  const started = performance.now();
  const outcome: Outcome & Lost = await session.command(
    { type: 'run', test: test.id, phase, cell, previous },
    PHASE_MS,
  );
  errand.milliseconds += performance.now() - started;
  const where = test.actions.length === 0 ? '' : `phase ${phase + 1}: `;
  if (!outcome.ok) {
    errand.failed = true;
    const message = `${where}${outcome.message}`;
    results.failed(cell, test.id, errand.milliseconds, message, outcome.stack);
    if ('lost' in outcome) await session.recover(outcome.lost);
  } else {
    errand.previous = outcome.value;
    if (phase < test.actions.length) return;
    results.passed(cell, test.id, errand.milliseconds);
    if (typeof outcome.value === 'string')
      print(`  NOTE ${cellId(cell)} | ${test.id}: ${outcome.value}`);
  }
}

/** Mild actions first, so that no test loses its page to the kill another one asked for. */
function byDamage(a: string, b: string): number {
  const damage = (route: string) =>
    Math.max(...route.split(',').map((action) => ACTIONS.indexOf(action as Action)));
  return damage(a) - damage(b);
}

export function selected(cells: readonly Cell[], part: string): Cell[] {
  return cells.filter((cell) => cellId(cell).includes(part));
}
