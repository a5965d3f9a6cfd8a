/**
 * Where a value is entered: its kind, and text that is read as that, or a file whose bytes it is.
 * Used by edit-value.ts and insert-row.ts.
 */
import type { SqlValue } from 'anchorite';
import { h, options } from '../dom.ts';
import { KINDS, type Kind, type Problem, readAs } from './values.ts';

/** How a value is given; `default` leaves it to the column. */
export type Way = Kind | 'file' | 'default';

const WAYS: readonly (readonly [way: Way, words: string])[] = [
  ...KINDS.slice(0, -1),
  ['file', 'BLOB from a file'],
  ...KINDS.slice(-1),
];

export interface ValueInputOptions {
  readonly label: string;
  readonly rows: number;
  readonly testid: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  /** Whether it may be left to the column. */
  readonly hasDefault?: boolean;
  onText?(): void;
  onWay?(): void;
  /** Anything is another one now. */
  onChange?(): void;
}

export class ValueInput {
  readonly area: HTMLTextAreaElement;
  readonly select: HTMLSelectElement;
  /** The text, or the file in its place. */
  readonly element: HTMLElement;
  readonly #file: HTMLInputElement;
  #bytes: Uint8Array | Problem | undefined;

  constructor(given: ValueInputOptions) {
    const { label, rows, testid, placeholder, required } = given;
    this.area = h('textarea', {
      ...{ rows, placeholder, 'aria-label': label, 'aria-required': required },
      'data-testid': testid,
    });
    const ways = given.hasDefault ? [['default', 'Default'] as const, ...WAYS] : WAYS;
    this.select = h('select', { 'aria-label': `Kind of ${label}` }, ...options(ways));
    this.#file = h('input', { type: 'file', 'aria-label': `File for ${label}`, hidden: true });
    this.element = h('div', { class: 'value-input' }, this.area, this.#file);
    this.area.addEventListener('input', () => {
      given.onText?.();
      given.onChange?.();
    });
    this.select.addEventListener('change', () => {
      given.onWay?.();
      this.#follow();
      given.onChange?.();
    });
    this.#file.addEventListener('change', () => void this.#take().then(() => given.onChange?.()));
  }

  get way(): Way {
    return this.select.value as Way;
  }

  set way(way: Way) {
    this.select.value = way;
    this.#follow();
  }

  /** Its value; `undefined` for the column's default. */
  read(): SqlValue | Problem | undefined {
    if (this.way === 'default') return undefined;
    if (this.way !== 'file') return readAs(this.way, this.area.value);
    return this.#bytes ?? { problem: 'Choose a file.' };
  }

  /** Where somebody goes on who has to mend it. */
  focus(): void {
    (this.#file.hidden ? this.area : this.#file).focus();
  }

  clear(way: Way): void {
    this.area.value = '';
    this.#file.value = '';
    this.#bytes = undefined;
    this.way = way;
  }

  #follow(): void {
    const isFile = this.way === 'file';
    this.area.hidden = isFile;
    this.#file.hidden = !isFile;
    this.area.disabled = this.way === 'null';
  }

  async #take(): Promise<void> {
    const file = this.#file.files?.[0];
    this.#bytes = file && { problem: `${file.name} is still being read.` };
    const read = await file?.arrayBuffer().catch(() => undefined);
    const unreadable = { problem: `${file?.name} cannot be read. Choose it again.` };
    // Another one may have been chosen meanwhile.
    if (file !== this.#file.files?.[0] || file === undefined) return;
    this.#bytes = read === undefined ? unreadable : new Uint8Array(read);
  }
}
