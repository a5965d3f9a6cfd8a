/**
 * The History panel: queries that were saved by name, and what was run lately. Made by main.ts.
 */
import type { App, Panel } from '../app.ts';
import { confirm } from '../dialogs.ts';
import { button, h, redraw } from '../dom.ts';
import { head, visible } from '../words.ts';
import type { Run, Saved, Store } from './store.ts';

export class HistoryPanel implements Panel {
  readonly name = 'History';
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #store: Store;
  #seen = '';
  readonly #list = h('div', { 'data-testid': 'history' });
  readonly #filter = h('input', {
    type: 'search',
    placeholder: 'Search in SQL',
    'aria-label': 'Search in SQL',
    oninput: () => void this.refresh(),
  });

  constructor(app: App, store: Store) {
    this.#app = app;
    this.#store = store;
    this.element = h(
      'div',
      { class: 'panel' },
      h(
        'div',
        { class: 'panel-head' },
        h('h2', {}, 'History'),
        button('Forget runs', () => void this.#clear(), { class: 'small' }),
      ),
      this.#filter,
      this.#list,
    );
  }

  async refresh(): Promise<void> {
    try {
      const wanted = this.#filter.value;
      const saved = await this.#store.saved(wanted);
      const runs = await this.#store.runs(wanted);
      const seen = JSON.stringify([saved, runs.map(({ at, sql }) => [at, sql])]);
      if (seen === this.#seen) return;
      this.#seen = seen;
      redraw(
        this.#list,
        ...section(
          'Saved',
          saved.map((item) => this.#saved(item)),
        ),
        ...section(
          'Run lately',
          runs.map((item) => this.#run(item)),
        ),
      );
      if (saved.length + runs.length === 0) {
        this.#list.append(
          h('p', { class: 'soft' }, 'What you run is listed here, in this browser.'),
        );
      }
    } catch (error) {
      this.#seen = '';
      const why = error instanceof Error ? error.message : String(error);
      this.#list.replaceChildren(h('p', { class: 'soft' }, `History cannot be kept here: ${why}`));
    }
  }

  #saved({ title, sql }: Saved): HTMLElement {
    const forget = async () => {
      const text = `“${title}” is no longer kept. That cannot be undone.`;
      if (!(await confirm({ title: 'Forget the query?', text, action: 'Forget' }))) return;
      await this.#store.forget(title);
      await this.refresh();
    };
    return h(
      'li',
      { class: 'history-row' },
      this.#entry(sql, title, visible(title)),
      button('×', () => void forget(), { class: 'quiet', 'aria-label': `Forget ${title}` }),
    );
  }

  #run({ at, database, sql, outcome }: Run): HTMLElement {
    const when = new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
    const facts = `${when} · ${visible(database)} · ${outcome}`;
    return h('li', { class: 'history-row' }, this.#entry(sql, undefined, facts));
  }

  #entry(sql: string, title: string | undefined, facts: string): HTMLElement {
    const open = () => this.#app.openText(sql, title === undefined ? {} : { title });
    const entry = button('', open, { class: 'history-entry' });
    const text = sql.replace(/^\s*--.*$/gm, '').replace(/\s+/g, ' ');
    entry.append(
      h('code', { dir: 'auto' }, head(visible(text.trim() || sql), 140)),
      h('span', { class: 'soft' }, facts),
    );
    return entry;
  }

  async #clear(): Promise<void> {
    const text = 'What was run is no longer listed; queries saved by name stay.';
    if (!(await confirm({ title: 'Forget all runs?', text, action: 'Forget' }))) return;
    await this.#store.clear();
    await this.refresh();
  }
}

function section(title: string, items: readonly HTMLElement[]): HTMLElement[] {
  if (items.length === 0) return [];
  return [h('h3', {}, title), h('ul', { class: 'history-list' }, ...items)];
}
