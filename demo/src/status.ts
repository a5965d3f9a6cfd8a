/**
 * The status line: what runs, where data is kept, how the last run went, and what is going on.
 * Called by main.ts; shows what it is given and asks nobody.
 */
import type { Database } from 'anchorite';

/** The status line's face to the rest of the page. */
export interface Status {
  /** Says what is going on now. */
  startActivity(text: string): void;
  /** Says what it came to; read out by screen readers. */
  endActivity(text: string): void;
  /** Shows what the last run gave and how long it took. */
  showRun(text: string): void;
  /** Shows how the open database is run and stored; `undefined` when none is open. */
  showDatabase(database: Database | undefined): void;
}

/** Builds the status line in its elements. */
export function createStatus(
  activity: HTMLElement,
  lastRun: HTMLElement,
  facts: HTMLElement,
): Status {
  return {
    startActivity(text) {
      document.body.toggleAttribute('data-busy', true);
      activity.textContent = text;
    },
    endActivity(text) {
      document.body.toggleAttribute('data-busy', false);
      activity.textContent = text;
    },
    showRun(text) {
      lastRun.textContent = text;
    },
    showDatabase(database) {
      facts.replaceChildren(...(database === undefined ? [] : factsOf(database.info)));
    },
  };
}

function factsOf(info: Database['info']): HTMLElement[] {
  return [
    fact('engine', 'Engine', info.engine, info.reason),
    fact('storage', 'Storage', info.storage),
    fact('context', 'Context', info.context),
    fact('version', 'SQLite', info.sqliteVersion),
  ];
}

function fact(key: string, label: string, value: string, title?: string): HTMLElement {
  const term = document.createElement('dt');
  term.textContent = label;
  const detail = document.createElement('dd');
  detail.textContent = value;
  detail.setAttribute('data-fact', key);
  const pair = document.createElement('div');
  if (title !== undefined) pair.title = title;
  pair.append(term, detail);
  return pair;
}
