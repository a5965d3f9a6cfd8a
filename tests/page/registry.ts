// The one test list: test files call `test` while they load, the page looks tests up by their id.
// It must not know how a browser is driven; the harness asks for `list` over the wire.
import { ACTIONS } from '../wire';
import type { Action, Browser, Cell, Context, Launch, TestInfo, Twin } from '../wire';
import type { TestContext } from './context';

/** One stretch of a test between two actions. The next finds what it returns in `t.previous`. */
export type Phase = (t: TestContext) => Promise<unknown>;

/** Where and how a test runs; left out means everywhere, in turn, in an ordinary profile. */
export interface Options {
  readonly browsers?: readonly Browser[];
  readonly twins?: readonly Twin[];
  readonly contexts?: readonly Context[];
  /** Not where all that one of these says is so. */
  readonly except?: readonly Partial<Cell>[];
  /** For tests that mostly wait: runs beside the other tests of the cell. */
  readonly background?: boolean;
  readonly launch?: Launch;
  /** What a second tab does when a phase calls `t.peer(argument)`. */
  readonly peer?: (t: TestContext, argument: never) => Promise<unknown>;
}

export interface Test {
  readonly id: string;
  readonly options: Options;
  readonly phases: readonly Phase[];
  readonly actions: readonly Action[];
}

const tests = new Map<string, Test>();
let group = '';
let ofGroup: Options = {};

/**
 * For what other cells show: on synchronous handles a call suspends no more in place than in a
 * worker, where this build has the same tests, and without the messages of a worker the other
 * build has them. On asynchronous ones this build has them in two of three engines; Firefox takes
 * longest, so the plain build in place on synchronous handles is left to Chromium. The engine
 * `sync` runs the plain build, which has them in a worker, too.
 */
export const SHOWN_ELSEWHERE = {
  except: [
    { twin: 'asyncify', context: 'inside' },
    { browser: 'firefox', context: 'inside' },
    { browser: 'firefox', twin: 'asyncify', context: 'window' },
    { twin: 'sync' },
  ],
} satisfies Options;

/** The same for what that engine does in its own way: whole databases. */
export const SHOWN_IN_PLAIN = {
  except: SHOWN_ELSEWHERE.except.filter(({ twin }) => twin !== 'sync'),
} satisfies Options;

/** For what the engine `sync` refuses, as api/97-sync shows, or shares with no other context. */
export const SUSPENDING = { except: [{ twin: 'sync' }] } satisfies Options;

/**
 * For what has nothing to do with waiting for a file: the plain build has the same tests in a
 * worker, with JSPI.
 */
export const SAME_IN_SYNC = SUSPENDING;

/** For what takes a database that several tabs have: that engine has an owner in Firefox alone. */
export const IN_TABS = { except: [{ browser: 'chromium', twin: 'sync' }] } satisfies Options;

/**
 * Names the part of the library that the tests after it are about: the first half of their id. The
 * options hold for all of them.
 */
export function describe(name: string, options: Options = {}): void {
  group = name;
  ofGroup = options;
}

/** Adds a test: phases, with what the harness does to the browser between them. */
export function test(name: string, ...steps: (Options | Phase | Action)[]): void {
  const id = `${group}: ${name}`;
  if (tests.has(id)) throw new Error(`two tests are called "${id}"`);
  const own = steps.find((step): step is Options => typeof step === 'object');
  const options = { ...ofGroup, ...own };
  const phases = steps.filter((step): step is Phase => typeof step === 'function');
  const actions = steps.filter((step): step is Action => typeof step === 'string');
  if (phases.length !== actions.length + 1)
    throw new Error(`"${id}": phases and actions alternate`);
  if (actions.some((action) => !ACTIONS.includes(action))) throw new Error(`"${id}": bad action`);
  tests.set(id, { id, options, phases, actions });
}

export function find(id: string): Test {
  const found = tests.get(id);
  if (found === undefined) throw new Error(`there is no test "${id}"`);
  return found;
}

/** The list as the harness wants it: which of these cells each test runs in. */
export function list(cells: readonly Cell[]): TestInfo[] {
  return [...tests.values()].map(({ id, options, actions }) => ({
    id,
    actions,
    background: options.background ?? false,
    launch: options.launch ?? 'plain',
    cells: cells.flatMap((cell, index) => (runsIn(options, cell) ? [index] : [])),
  }));
}

function runsIn(options: Options, cell: Cell): boolean {
  const { browsers, twins, contexts, except } = options;
  if (except?.some((part) => isLike(cell, part))) return false;
  return (
    (browsers?.includes(cell.browser) ?? true) &&
    (twins?.includes(cell.twin) ?? true) &&
    (contexts?.includes(cell.context) ?? true)
  );
}

function isLike(cell: Cell, part: Partial<Cell>): boolean {
  const { browser = cell.browser, twin = cell.twin, context = cell.context } = part;
  return browser === cell.browser && twin === cell.twin && context === cell.context;
}
