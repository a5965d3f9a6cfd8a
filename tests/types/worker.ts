// A stranger's worker: type-checked against js/dist/worker/serve.d.ts. It is never run.
import { serve } from 'anchorite/worker';
import type { ServedAggregate, ServedFunction, ServeOptions } from 'anchorite/worker';

const twice: ServedFunction = { answer: (value) => Number(value) * 2, directOnly: false };
const product: ServedAggregate = {
  start: () => 1,
  step: (product: number, value) => product * Number(value),
};
const options: ServeOptions = {
  functions: { twice, later: async (text) => `${text}`, nothing: () => undefined },
  aggregates: { product },
  collations: { german: new Intl.Collator('de').compare },
};

serve(options);
serve();
// @ts-expect-error: a collation answers a number
serve({ collations: { odd: () => 'less' } });
// @ts-expect-error: no such part
serve({ function: { twice } });
