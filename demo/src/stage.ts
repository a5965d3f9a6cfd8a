/**
 * What stands in the main part of the page: the queries with their results, or something in their
 * place that may have changes waiting, as a table. Made by main.ts. Must not know what it is.
 */

/** What stands in the place of the queries. */
export interface Shown {
  readonly element: HTMLElement;
  /** Whether something waits that would be lost. */
  readonly waits: boolean;
  /** Asks, if something waits; resolves to whether it may be left. */
  mayLeave(): Promise<boolean>;
}

export interface StageElements {
  readonly queries: HTMLElement;
  readonly results: HTMLElement;
  readonly other: HTMLElement;
  /** It is above the rows, wherever those are. */
  readonly error: HTMLElement;
}

export class Stage {
  readonly #elements: StageElements;
  #shown: Shown | undefined;

  constructor(elements: StageElements) {
    this.#elements = elements;
    addEventListener('beforeunload', (event) => {
      if (this.#shown?.waits) event.preventDefault();
    });
  }

  /** Shows something, or the queries, if what is shown may be left. */
  async show(next: Shown | undefined): Promise<boolean> {
    const may = await this.mayLeave();
    if (may) this.put(next);
    return may;
  }

  async mayLeave(): Promise<boolean> {
    return this.#shown === undefined || !this.#shown.waits || this.#shown.mayLeave();
  }

  /** Where the page scrolls, as on phones, it goes to what is new. */
  reveal(): void {
    if (this.#shown !== undefined) this.#elements.other.scrollIntoView();
  }

  /** Shows something without asking: it was asked, or there is nothing to go back to. */
  put(next: Shown | undefined): void {
    const { queries, results, other, error } = this.#elements;
    const hadFocus = other.contains(document.activeElement);
    this.#shown = next;
    queries.hidden = next !== undefined;
    other.hidden = next === undefined;
    other.replaceChildren(...(next === undefined ? [] : [next.element]));
    error.hidden = true;
    (next === undefined ? results : other).prepend(error);
    if (next === undefined && hadFocus)
      queries.querySelector<HTMLElement>('[role=tab][tabindex="0"]')?.focus();
  }
}
