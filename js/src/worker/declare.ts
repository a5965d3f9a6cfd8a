// What the worker of an application has for SQL: checked, and as engine.ts tells it to Rust. Used
// by serve.ts. It must not know connections.
//
//   a value goes back at once, or, from a function, as a promise; what is thrown goes as words

import { text } from '../errors.js';
import type { SqlFunction } from '../functions.js';
import { checkSqlName } from '../names.js';
import { checkOptions, type FunctionOptions } from '../options.js';
import type { WireValue } from '../protocol.js';
import { type BindValue, checkFunction, checkValue, type SqlValue } from '../values.js';

/** What SQLite may take for granted of a function. */
export interface ServedOptions extends Omit<FunctionOptions, 'functionTimeout'> {
  /**
   * Whether only the SQL of a call may use it; default `true`. `false`: also what lies in a schema,
   * which somebody else may have written: views, triggers, CHECK, DEFAULT, generated columns; and
   * indexes, if it is `deterministic`. Then whoever opens that database needs the function.
   */
  readonly directOnly?: boolean;
}

/** A function with options. */
export interface ServedFunction extends ServedOptions {
  /** Carries it out. */
  readonly answer: SqlFunction;
  /** How long, in ms, the promise that it may answer is waited for; default 30 000. */
  readonly functionTimeout?: number;
}

/** A function of many rows: of those of a group, or of a window. */
export interface ServedAggregate extends ServedOptions {
  /** Answers the state of no rows; called for each group, so make a new object each time. */
  start(): unknown;
  /** Takes a row in: answers the next state, or nothing if it has changed the one it was given. */
  // biome-ignore lint/suspicious/noExplicitAny: the state is what the application says
  step(state: any, ...args: SqlValue[]): unknown;
  /** Takes the first row out again, in the same way. With it, it is a window function, too. */
  // biome-ignore lint/suspicious/noExplicitAny: the state is what the application says
  inverse?(state: any, ...args: SqlValue[]): unknown;
  /** Answers the result; default: the state. For a window it is asked for each row. */
  // biome-ignore lint/suspicious/noExplicitAny: the state is what the application says
  result?(state: any): BindValue | undefined;
}

/** An order of texts: negative, zero or positive, as in `Array.prototype.sort`. */
export type ServedCollation = (left: string, right: string) => number;

/** What SQL can use in each connection of a worker, by the names it has there. */
export interface ServeOptions {
  /** One value for one row; may answer a promise. */
  readonly functions?: Readonly<Record<string, SqlFunction | ServedFunction>>;
  /** One value for many rows, at once. */
  readonly aggregates?: Readonly<Record<string, ServedAggregate>>;
  /** For `ORDER BY … COLLATE name`, and for columns and indexes. */
  readonly collations?: Readonly<Record<string, ServedCollation>>;
}

/** As Rust knows a function. */
interface Declared {
  readonly name: string;
  readonly arity: number | undefined;
  readonly deterministic: boolean;
  readonly directOnly: boolean;
}

/** All of it, for engine.ts. */
export interface Declarations {
  readonly functions: readonly (Declared & {
    readonly call: (args: readonly WireValue[]) => WireValue | Promise<WireValue>;
    readonly timeout: number;
    /** Whether it is seen that it answers promises. */
    readonly isAsync: boolean;
  })[];
  readonly aggregates: readonly (Declared & { readonly methods: object })[];
  readonly collations: readonly (readonly [string, ServedCollation])[];
}

const OPTIONS: readonly string[] = ['arity', 'deterministic', 'directOnly'];

const TIMEOUT_MS = 30_000;

/** Checks what an application serves. */
export function declare(options: ServeOptions): Declarations {
  checkOptions(options, ['functions', 'aggregates', 'collations']);
  const { functions = {}, aggregates = {}, collations = {} } = options;
  return {
    functions: Object.entries(functions).map(([name, given]) => declareFunction(name, given)),
    aggregates: Object.entries(aggregates).map(([name, given]) => declareAggregate(name, given)),
    collations: Object.entries(collations).map(([name, compare]) => {
      checkSqlName(name, 'a collation');
      checkFunction(compare, `collation "${name}"`);
      return [name, inWords(compare)] as const;
    }),
  };
}

function declareFunction(
  name: string,
  given: SqlFunction | ServedFunction,
): Declarations['functions'][number] {
  const isObject = typeof given === 'object' && given !== null;
  const { answer, ...rest }: ServedFunction = isObject ? given : { answer: given };
  checkFunction(answer, `function "${name}"`);
  const { functionTimeout = TIMEOUT_MS } = rest;
  const declared = declaredAs(name, 'function', rest, [...OPTIONS, 'functionTimeout']);
  const call = (args: readonly WireValue[]): WireValue | Promise<WireValue> => {
    const value = answer(...args);
    return isPromise(value) ? Promise.resolve(value).then(stored) : stored(value);
  };
  const isAsync = Object.prototype.toString.call(answer) === '[object AsyncFunction]';
  return { ...declared, call, timeout: functionTimeout, isAsync };
}

function declareAggregate(
  name: string,
  given: ServedAggregate,
): Declarations['aggregates'][number] {
  const { start, step, inverse, result, ...rest } = given ?? {};
  const parts = { start, step, ...(inverse && { inverse }), ...(result && { result }) };
  for (const [part, method] of Object.entries(parts)) {
    checkFunction(method, `"${part}" of aggregate "${name}"`);
  }
  const declared = declaredAs(name, 'aggregate', rest, OPTIONS);
  type Change = (state: unknown, args: readonly SqlValue[]) => unknown;
  const change = (way: 'step' | 'inverse'): Change =>
    inWords((state, args) => after(state, given[way]?.(state, ...args)));
  const methods = {
    start: inWords(() => given.start()),
    step: change('step'),
    inverse: inverse && change('inverse'),
    result: inWords((state: unknown) => stored(result ? given.result?.(state) : state)),
  };
  return { ...declared, methods };
}

function declaredAs(
  name: string,
  kind: string,
  options: ServedOptions,
  allowed: readonly string[],
): Declared {
  checkSqlName(name, kind === 'function' ? 'a function' : 'an aggregate');
  checkOptions(options, allowed, `${kind} ${name}`);
  const { arity, deterministic = false, directOnly = true } = options;
  return { name, arity, deterministic, directOnly };
}

/** The state after a row. */
function after(state: unknown, answer: unknown): unknown {
  if (isPromise(answer)) {
    throw new TypeError('an aggregate cannot wait for a promise');
  }
  return answer === undefined ? state : answer;
}

function isPromise(value: unknown): value is PromiseLike<BindValue | undefined> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function stored(value: unknown): WireValue {
  return checkValue(value ?? null, 'its answer', undefined);
}

/** What it throws are words. */
function inWords<Args extends unknown[], T>(work: (...args: Args) => T): (...args: Args) => T {
  return (...args) => {
    try {
      return work(...args);
    } catch (error) {
      throw text(error);
    }
  };
}
