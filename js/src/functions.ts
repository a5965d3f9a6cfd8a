// The SQL functions of this page: an engine asks for their answers, by their numbers. A part of the
// package, loaded by database.ts, which adds them, and by parts.ts for the ways to an engine. It
// must not know who asks.

import { checkSqlName } from './names.js';
import { checkOptions, type FunctionOptions } from './options.js';
import type { Operations, WireValue } from './protocol.js';
import { type BindValue, checkValue, type Dates, type SqlValue } from './values.js';

/** A function that SQL can call; what it throws, or rejects with, is the error of the statement. */
export type SqlFunction = (
  ...args: SqlValue[]
) => BindValue | undefined | Promise<BindValue | undefined>;

const TIMEOUT_MS = 30_000;

/** By number; the numbers of a page differ, whichever engine asks. */
const provided = new Map<number, (args: readonly WireValue[]) => Promise<WireValue>>();

let last = 0;

type Takes = Omit<Operations['createFunction']['takes'], 'session'>;

/** The functions of one connection, their numbers by name and number of arguments. */
export type Own = Map<string, number>;

/** Adds a function once `send` has told the engine of it, in place of one that was called so. */
export async function create(
  own: Own,
  [named, answer, options, dates]: [unknown, SqlFunction, FunctionOptions, Dates],
  send: (takes: Takes) => Promise<unknown>,
): Promise<void> {
  const takes = provide(named, answer, options, dates);
  const key = `${takes.name} ${takes.arity}`;
  const former = own.get(key);
  try {
    await send(takes);
  } catch (error) {
    provided.delete(takes.function);
    throw error;
  }
  own.set(key, takes.function);
  if (former !== undefined) {
    provided.delete(former);
  }
}

/** Checks a function and adds it; what an engine has to know of it. */
function provide(
  named: unknown,
  answer: SqlFunction,
  options: FunctionOptions,
  dates: Dates,
): Takes {
  checkOptions(options, ['arity', 'deterministic', 'functionTimeout']);
  const name = checkSqlName(named, 'a function');
  if (typeof answer !== 'function') {
    throw new TypeError('an SQL function is a function: createFunction(name, async (…) => …)');
  }
  const { arity, deterministic = false, functionTimeout = TIMEOUT_MS } = options;
  last += 1;
  provided.set(last, async (args) => {
    const value = await answer(...args);
    return checkValue(value ?? null, 'its answer', dates);
  });
  return { function: last, name, arity, deterministic, timeout: functionTimeout };
}

/** Takes functions back. */
export function withdraw(own: Own): void {
  for (const number of own.values()) {
    provided.delete(number);
  }
}

/** What a function answers; rejects with what it throws. */
export async function carryOut(number: number, args: readonly WireValue[]): Promise<WireValue> {
  const found = provided.get(number);
  if (found === undefined) {
    throw new Error('the database that has it is closed');
  }
  return found(args);
}
