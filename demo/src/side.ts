/**
 * The rail and the panel beside the editor: one of them is shown, or none. Made by main.ts.
 * Must not know what a panel shows.
 */
import type { Panel } from './app.ts';
import { button } from './dom.ts';

const KEY = 'anchorite-console:panel';
const WIDE = '(min-width: 48.01rem)';
const REFRESH_AFTER_MS = 120;

export class Side {
  readonly #element: HTMLElement;
  readonly #panels: readonly Panel[];
  readonly #buttons: readonly HTMLButtonElement[];
  #shown: Panel | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(rail: HTMLElement, element: HTMLElement, panels: readonly Panel[]) {
    this.#element = element;
    this.#panels = panels;
    this.#buttons = panels.map((panel, index) =>
      button(panel.name, () => this.toggle(index), {
        'aria-pressed': false,
        'data-testid': `panel-${panel.name}`,
        title: `Alt ${index + 1}`,
      }),
    );
    rail.append(...this.#buttons);
    const remembered = panels.findIndex(({ name }) => name === remember());
    if (matchMedia(WIDE).matches) this.toggle(Math.max(remembered, 0));
  }

  /** Shows a panel, or takes it away if it is shown. */
  toggle(index: number): void {
    const panel = this.#panels[index];
    this.#shown = panel === this.#shown ? undefined : panel;
    this.#buttons.forEach((choice, at) => {
      choice.ariaPressed = String(this.#shown !== undefined && at === index);
    });
    this.#element.hidden = this.#shown === undefined;
    this.#element.ariaLabel = this.#shown?.name ?? 'Panel';
    this.#element.replaceChildren(...(this.#shown === undefined ? [] : [this.#shown.element]));
    if (this.#shown !== undefined) remember(this.#shown.name);
    this.refresh();
  }

  /** Shows a panel, also if it is shown already, and goes there. */
  show(index: number): void {
    if (this.#shown !== this.#panels[index]) this.toggle(index);
    this.#element.querySelector<HTMLElement>('input, button:not([hidden])')?.focus();
  }

  /** Where a panel covers all else, it gives way to what it has brought about. */
  giveWay(): void {
    if (matchMedia(WIDE).matches || this.#shown === undefined) return;
    this.toggle(this.#panels.indexOf(this.#shown));
  }

  /** What is shown may have changed; many changes are one. */
  refresh(): void {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => {
      // A database that is closed meanwhile tells of the next one.
      void this.#shown?.refresh().catch(() => undefined);
    }, REFRESH_AFTER_MS);
  }
}

/** The name of the panel that was shown last; with a name, keeps that. */
function remember(name?: string): string | undefined {
  try {
    if (name !== undefined) localStorage.setItem(KEY, name);
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
