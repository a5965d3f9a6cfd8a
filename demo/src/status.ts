/**
 * The status line's facts: how the open database is run and kept, and how the last run went.
 * Called by main.ts; shows what it is given and asks nobody.
 */
import type { Database } from 'anchorite';
import { h } from './dom.ts';

/** Shows how the open database is run and stored; nothing when none is open. */
export function showFacts(facts: HTMLElement, database: Database | undefined): void {
  facts.replaceChildren(...(database === undefined ? [] : factsOf(database.info)));
}

function factsOf(info: Database['info']): HTMLElement[] {
  return [
    fact('engine', 'Engine', info.engine),
    fact('storage', 'Storage', info.storage),
    fact('context', 'Context', info.context),
    fact('version', 'SQLite', info.sqliteVersion),
  ];
}

function fact(key: string, label: string, value: string): HTMLElement {
  return h('div', {}, h('dt', {}, label), h('dd', { 'data-fact': key }, value));
}
