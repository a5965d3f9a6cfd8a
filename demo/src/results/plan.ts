/**
 * A query plan as a tree. Called by the result panel with the rows of EXPLAIN QUERY PLAN.
 * What reads a whole table is marked; so is what sorts aside.
 */
import type { SqlValue } from 'anchorite';
import { h } from '../dom.ts';
import { visible } from '../words.ts';

type Step = { id: number; parent: number; detail: string };

/** The plan as nested lists. */
export function planTree(rows: readonly (readonly SqlValue[])[]): HTMLElement {
  const steps = rows.map((row) => ({
    id: Number(row[0]),
    parent: Number(row[1]),
    detail: String(row[3]),
  }));
  const scans = steps.filter(({ detail }) => markOf(detail)?.[0] === 'scan').length;
  const text =
    scans === 0
      ? 'No table is read as a whole.'
      : `${scans === 1 ? 'One step reads' : `${scans} steps read`} a whole table or index.`;
  return h(
    'div',
    { class: 'plan', 'data-testid': 'plan', tabindex: 0, role: 'region', 'aria-label': 'Plan' },
    h('p', { class: 'caption-line' }, steps.length === 0 ? 'Nothing to plan here.' : text),
    branch(steps, 0),
  );
}

function branch(steps: readonly Step[], parent: number): HTMLElement {
  const own = steps.filter((step) => step.parent === parent);
  return h('ul', {}, ...own.map((step) => item(steps, step)));
}

function item(steps: readonly Step[], { id, detail }: Step): HTMLElement {
  const mark = markOf(detail);
  const line = h('span', { class: 'plan-step' }, visible(detail));
  if (mark !== undefined) line.prepend(h('span', { class: `badge ${mark[0]}` }, mark[1]), ' ');
  const below = steps.some(({ parent }) => parent === id) ? branch(steps, id) : undefined;
  return h('li', {}, line, below);
}

function markOf(detail: string): readonly [string, string] | undefined {
  if (/^SCAN (?!CONSTANT|\d+ CONSTANT)/.test(detail)) return ['scan', 'whole'];
  if (detail.startsWith('SEARCH ')) return ['search', 'index'];
  return /^USE TEMP B-TREE|AUTOMATIC/.test(detail) ? ['sort', 'sorts'] : undefined;
}
