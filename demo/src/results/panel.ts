/**
 * The results of a run: a tab for each, a log of what has no rows, a sentence, or an error.
 * Called by main.ts. Shows Rows and Notes; asks main.ts for whatever takes time.
 */
import { button, h } from '../dom.ts';
import type { Failure } from '../run/failure.ts';
import type { Note } from '../run/runner.ts';
import type { Action } from '../task.ts';
import { count, duration, head, visible } from '../words.ts';
import { ResultView } from './result.ts';
import type { Rows } from './rows.ts';

const MAX_RESULTS = 40;
const MAX_NOTES = 500;

/** A button below a sentence or an error. */
export interface Remedy {
  readonly label: string;
  readonly act: () => void;
}

export type Perform = (activity: string, action: Action) => Promise<boolean>;

export class ResultPanel {
  readonly #host: HTMLElement;
  readonly #errorHost: HTMLElement;
  readonly #perform: Perform;
  readonly #tabs = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Results' });
  readonly #body = h('div', { class: 'result-body', role: 'tabpanel', 'aria-label': 'Result' });
  readonly #log = h('ol', { class: 'log', 'aria-label': 'Statements without rows' });
  #views: ResultView[] = [];
  #notes = 0;
  #left = 0;

  constructor(host: HTMLElement, errorHost: HTMLElement, perform: Perform) {
    this.#host = host;
    this.#errorHost = errorHost;
    this.#perform = perform;
  }

  /** Takes away what is shown; resolves when the database has its temporary tables back. */
  async clear(): Promise<void> {
    this.#errorHost.hidden = true;
    this.#errorHost.replaceChildren();
    const views = this.#views;
    this.#views = [];
    this.#notes = 0;
    this.#left = 0;
    this.#tabs.replaceChildren();
    this.#body.replaceChildren();
    this.#log.replaceChildren();
    this.#host.replaceChildren(this.#tabs, this.#body);
    await Promise.all(views.map((view) => view.close()));
  }

  addRows(rows: Rows): void {
    if (this.#views.length === MAX_RESULTS) {
      this.#left += 1;
      return;
    }
    const view = new ResultView(rows, this.#perform);
    this.#views.push(view);
    this.#addTab(tabLabel(rows.query.sql, this.#views.length), view.element);
    if (this.#views.length === 1) this.#select(0);
  }

  addNote({ sql, changes, ms }: Note): void {
    this.#notes += 1;
    if (this.#notes > MAX_NOTES) return;
    const words = changes === 0 ? 'done' : `${count(changes, 'row')} changed`;
    const line = h(
      'li',
      {},
      h('code', {}, head(visible(sql.replace(/\s+/g, ' ')), 120)),
      h('span', { class: 'soft' }, ` ${words} · ${duration(ms)}`),
    );
    this.#log.append(line);
    if (this.#notes === 1) this.#addTab('Log', this.#log);
    if (this.#views.length === 0 && this.#notes === 1) this.#select(0);
  }

  /** A run is over: rows beyond those in the page are kept aside. */
  finish(): void {
    for (const view of this.#views) view.keepRest();
    const unseen = Math.max(0, this.#notes - MAX_NOTES);
    if (unseen > 0) this.#log.append(h('li', { class: 'soft' }, `… and ${unseen} more.`));
    if (this.#left > 0) {
      const words = `${count(this.#left, 'result')} more ran; the first ${MAX_RESULTS} are shown.`;
      this.#tabs.append(h('span', { class: 'soft tabs-note' }, words));
    }
  }

  /** Where the page scrolls, as on phones, shows what has come of a run. */
  reveal(): void {
    if (document.documentElement.scrollHeight <= innerHeight) return;
    this.#host.scrollIntoView({ block: 'nearest' });
  }

  async message(title: string, detail?: string, ...remedies: Remedy[]): Promise<void> {
    await this.clear();
    const box = h('div', { class: 'message' }, h('p', { class: 'message-title' }, title));
    if (detail !== undefined) box.append(h('p', {}, detail));
    if (remedies.length > 0) box.append(remedyButtons(remedies));
    this.#host.replaceChildren(box);
  }

  /** `place` says where in the text the error is, where that is known. */
  showFailure(failure: Failure, place?: string, remedy?: Remedy): void {
    if (this.#views.length === 0 && this.#notes === 0) this.#host.replaceChildren();
    this.#errorHost.replaceChildren(...failureNodes(failure, place, remedy));
    this.#errorHost.hidden = false;
  }

  #addTab(label: string, content: HTMLElement): void {
    const index = this.#tabs.childElementCount;
    const tab = h(
      'button',
      {
        type: 'button',
        role: 'tab',
        'aria-selected': false,
        tabindex: -1,
        onclick: () => this.#select(index),
        onkeydown: (event: KeyboardEvent) => this.#key(event, index),
      },
      label,
    );
    this.#contents.set(tab, content);
    this.#tabs.append(tab);
  }

  readonly #contents = new WeakMap<Element, HTMLElement>();

  #select(index: number): void {
    const tabs = [...this.#tabs.querySelectorAll<HTMLElement>('[role=tab]')];
    tabs.forEach((tab, at) => {
      tab.ariaSelected = String(at === index);
      tab.tabIndex = at === index ? 0 : -1;
    });
    const chosen = tabs[index];
    const content = chosen && this.#contents.get(chosen);
    if (content !== undefined) this.#body.replaceChildren(content);
  }

  #key(event: KeyboardEvent, index: number): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const tabs = this.#tabs.querySelectorAll<HTMLElement>('[role=tab]');
    const next = (index + step + tabs.length) % tabs.length;
    this.#select(next);
    tabs[next]?.focus();
  }
}

function tabLabel(sql: string, number: number): string {
  return `${number} · ${head(visible(sql.replace(/\s+/g, ' ')), 28)}`;
}

function failureNodes(failure: Failure, place?: string, remedy?: Remedy): HTMLElement[] {
  const { code, message, cause, advice } = failure;
  const title = h('p', { class: 'error-title' }, h('code', {}, code));
  if (place !== undefined) title.append(` ${place}`);
  const nodes: HTMLElement[] = [title, h('p', { class: 'error-message', dir: 'auto' }, message)];
  if (cause !== undefined) nodes.push(h('p', { class: 'error-cause', dir: 'auto' }, cause));
  if (advice !== undefined) nodes.push(h('p', { class: 'error-advice' }, advice));
  if (remedy !== undefined) nodes.push(remedyButtons([remedy]));
  return nodes;
}

function remedyButtons(remedies: readonly Remedy[]): HTMLElement {
  const buttons = remedies.map(({ label, act }) => button(label, act, { 'data-testid': 'retry' }));
  return h('p', { class: 'remedies' }, ...buttons);
}
