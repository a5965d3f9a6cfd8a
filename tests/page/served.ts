// A stranger's worker with functions and collations of its own, for tests/api/98-served; and, by
// `?as=…`, those that do not do what such a worker has to do. It must not know the tests.
import { serve } from 'anchorite/worker';
import type { ServeOptions } from 'anchorite/worker';

/** How often `count_calls` was called in this worker. */
let calls = 0;

const options = {
  functions: {
    same: (value) => value,
    twice: { answer: (value) => Number(value) * 2, arity: 1, deterministic: true },
    initial: {
      answer: (text) => String(text).slice(0, 1),
      ...{ arity: 1, deterministic: true, directOnly: false },
    },
    count_calls: () => (calls += 1),
    fails: () => {
      throw new RangeError('not here');
    },
    odd: () => ({}) as never,
    later: (value) => new Promise((resolve) => setTimeout(() => resolve(value), 1)),
    never: { answer: () => new Promise<null>(() => {}), functionTimeout: 50 },
  },
  aggregates: {
    product: {
      start: () => 1,
      step: (product: number, value) => product * Number(value),
      inverse: (product: number, value) => product / Number(value),
    },
    longest: {
      start: () => ({ text: '' }),
      step: (longest: { text: string }, value) => {
        const text = String(value);
        if (text === 'bad') throw new Error('a bad row');
        if (text.length > longest.text.length) longest.text = text;
      },
      result: ({ text }: { text: string }) => text,
    },
    waits: { start: () => 0, step: async () => 1 },
  },
  collations: {
    swedish: new Intl.Collator('sv').compare,
    fussy: (left, right) => {
      if (left.startsWith('!') || right.startsWith('!')) throw new Error('no order');
      return left < right ? -1 : Number(left > right);
    },
    nowhere: () => Number.NaN,
  },
} satisfies ServeOptions;

/** Says by a lock that it lives. */
function hold(lock: string): void {
  void navigator.locks.request(lock, () => new Promise(() => {}));
}

const query = new URLSearchParams(location.search);
const lock = query.get('lock');
if (lock !== null) hold(lock);

switch (query.get('as')) {
  case 'mute':
    break;
  case 'throws':
    throw new Error('thrown by the script');
  case 'other':
    postMessage({ anchorite: 'here', wire: 0, life: '' });
    break;
  case 'wrong':
    serve({ functions: { f: 'SELECT' as never } });
    break;
  case 'async':
    serve({ functions: { slow: async () => 1 } });
    break;
  case 'misspelt':
    serve({ function: {} } as never);
    break;
  case 'talks':
    serve(options);
    addEventListener('message', ({ data }) => postMessage(`heard ${JSON.stringify(data)}`));
    postMessage('a word of its own');
    break;
  default:
    serve(options);
}
