/**
 * The editor's tabs: several texts, one of them in the editor, all kept for the next visit.
 * Made by main.ts. Must not know what the texts are.
 */
import type { EditorState } from '@codemirror/state';
import { button, h } from '../dom.ts';
import { head, visible } from '../words.ts';
import type { Editor } from './editor.ts';

const KEY = 'anchorite-console:tabs';
const SAVE_AFTER_MS = 400;
const MAX_KEPT = 1_000_000;

interface Tab {
  title: string;
  state: EditorState;
}

export class EditorTabs {
  readonly #host: HTMLElement;
  readonly #editor: Editor;
  readonly #onClosed: (title: string) => void;
  #tabs: Tab[] = [];
  /** What was closed and had text in it, the latest last. */
  readonly #closed: Tab[] = [];
  #current = 0;
  #last = 0;
  #saving: ReturnType<typeof setTimeout> | undefined;

  /** `onClosed` hears the title of what was closed and can be brought back. */
  constructor(
    host: HTMLElement,
    editor: Editor,
    firstText: string,
    onClosed: (title: string) => void,
  ) {
    this.#host = host;
    this.#onClosed = onClosed;
    this.#editor = editor;
    const kept = restore();
    const texts = kept?.tabs ?? [{ title: 'Query 1', text: firstText }];
    this.#tabs = texts.map(({ title, text }) => ({ title, state: editor.newState(text) }));
    this.#last = Math.max(...texts.map(({ title }) => Number(/\d+$/.exec(title)?.[0] ?? 0)));
    this.#current = Math.min(kept?.current ?? 0, this.#tabs.length - 1);
    this.#load();
    addEventListener('pagehide', () => this.#save());
  }

  /** A tab with this text: the one that has it, an empty one, or a new one. */
  open(text: string, title?: string): void {
    this.#leave();
    const same = this.#tabs.findIndex(({ state }) => state.sliceDoc() === text);
    if (same !== -1) {
      this.#select(same);
      this.#editor.focus();
      return;
    }
    const tab = this.#tabs[this.#current];
    if (tab === undefined || this.#editor.text.trim() !== '') {
      this.add(text, title);
      return;
    }
    this.#editor.setText(text);
    tab.title = title ?? tab.title;
    this.#draw();
    this.#editor.focus();
  }

  /** A new tab. */
  add(text = '', title?: string): void {
    this.#last += 1;
    this.#leave();
    this.#tabs.push({ title: title ?? `Query ${this.#last}`, state: this.#editor.newState(text) });
    this.#current = this.#tabs.length - 1;
    this.#load();
    this.#editor.focus();
    this.edited();
  }

  /** To the next one, or the one before. */
  step(by: number): void {
    this.#select((this.#current + by + this.#tabs.length) % this.#tabs.length);
  }

  /** Something was edited: it is kept soon. */
  edited(): void {
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), SAVE_AFTER_MS);
  }

  /** Brings back what was closed last; whether there is anything. */
  reopen(): boolean {
    const tab = this.#closed.pop();
    if (tab === undefined) return false;
    this.#leave();
    this.#tabs.push(tab);
    this.#current = this.#tabs.length - 1;
    this.#load();
    this.#editor.focus();
    this.edited();
    return true;
  }

  close(index: number = this.#current): void {
    this.#leave();
    const [closed] = this.#tabs.splice(index, 1);
    if (closed !== undefined && closed.state.doc.length > 0) this.#closed.push(closed);
    if (this.#tabs.length === 0) {
      this.#last += 1;
      this.#tabs.push({ title: `Query ${this.#last}`, state: this.#editor.newState('') });
    }
    if (this.#current >= index) this.#current = Math.max(0, this.#current - 1);
    this.#load();
    this.edited();
    if (closed !== undefined && closed.state.doc.length > 0) this.#onClosed(closed.title);
  }

  #select(index: number): void {
    this.#leave();
    this.#current = index;
    this.#load();
    this.edited();
  }

  #leave(): void {
    const tab = this.#tabs[this.#current];
    if (tab !== undefined) tab.state = this.#editor.state;
  }

  #load(): void {
    const tab = this.#tabs[this.#current];
    if (tab !== undefined) this.#editor.state = tab.state;
    this.#draw();
  }

  #draw(): void {
    const strip = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Queries' });
    strip.append(...this.#tabs.map((tab, index) => this.#tab(tab, index)));
    const add = button('+', () => this.add(), {
      class: 'quiet',
      'aria-label': 'New query',
      'data-testid': 'new-query',
    });
    const title = this.#tabs[this.#current]?.title ?? '';
    const close = button('×', () => this.close(), {
      class: 'quiet',
      'aria-label': `Close ${title}`,
      'data-testid': 'close-query',
    });
    this.#host.replaceChildren(strip, add, close);
    strip.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }

  #tab({ title }: Tab, index: number): HTMLElement {
    const isCurrent = index === this.#current;
    return h(
      'button',
      {
        type: 'button',
        role: 'tab',
        'aria-selected': isCurrent,
        tabindex: isCurrent ? 0 : -1,
        onclick: () => this.#select(index),
        onkeydown: (event: KeyboardEvent) => this.#key(event),
      },
      head(visible(title), 30),
    );
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    this.step(step);
    this.#host.querySelector<HTMLElement>('[aria-selected=true]')?.focus();
  }

  #save(): void {
    this.#leave();
    const tabs = this.#tabs.map(({ title, state }) => ({ title, text: state.sliceDoc() }));
    const kept = JSON.stringify({ tabs, current: this.#current });
    try {
      if (kept.length <= MAX_KEPT) sessionStorage.setItem(KEY, kept);
      if (kept.length <= MAX_KEPT) localStorage.setItem(KEY, kept);
    } catch {
      // Storage is refused here or full; the page itself still has the texts.
    }
  }
}

interface Kept {
  readonly tabs: readonly { readonly title: string; readonly text: string }[];
  readonly current: number;
}

/** What this tab of the browser had, or else the one that was used last. */
function restore(): Kept | undefined {
  try {
    const text = sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
    const kept = JSON.parse(text ?? 'null') as Kept | null;
    return kept !== null && kept.tabs.length > 0 ? kept : undefined;
  } catch {
    return undefined;
  }
}
