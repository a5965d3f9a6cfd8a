/**
 * Copies rows or downloads them, in a format that is chosen. Used by result.ts and by the table
 * browser, which know where the rows are from.
 */
import { button, h, options } from '../dom.ts';
import { count, visible } from '../words.ts';
import { FORMATS, type FormatName } from './formats.ts';
import type { Perform } from './panel.ts';
import { copyText, download, type Saved, toBlob } from './save.ts';

/** More text than a clipboard should be given. */
const COPY_MAX = 20_000_000;

export interface Savable extends Saved {
  /** What a file of it is called. */
  readonly name: string;
  /** What so many rows are. */
  extent(rows: number): string;
}

/** `savable` gives what there is to be saved, which may differ by format. */
export function saveBar(
  perform: Perform,
  savable: (format: FormatName, signal: AbortSignal) => Savable,
): HTMLElement {
  const formats = Object.entries(FORMATS).map(([name, { words }]) => [name, words] as const);
  const format = h('select', { 'aria-label': 'Format', 'data-testid': 'format' });
  format.append(...options(formats));
  const save = (activity: string, done: string, hand: (file: string, blob: Blob) => unknown) => {
    const name = format.value as FormatName;
    const { words, extension } = FORMATS[name];
    void perform(activity, async (signal, say) => {
      const what = savable(name, signal);
      let rows = 0;
      const blob = await toBlob(what, name, (number) => {
        rows = number;
        say(count(rows, 'row'));
      });
      await hand(`${visible(what.name)}.${extension}`, blob);
      return `${done} ${what.extent(rows)} as ${words}.`;
    });
  };
  return h(
    'div',
    { class: 'result-save' },
    format,
    button('Copy', () => save('Copying…', 'Copied', copy), {
      class: 'small',
      'data-testid': 'copy',
    }),
    button('Download', () => save('Writing…', 'Wrote', download), {
      class: 'small',
      'data-testid': 'download',
    }),
  );
}

async function copy(_: string, blob: Blob): Promise<void> {
  if (blob.size > COPY_MAX) throw new Error('This is too much to copy. Download it instead.');
  await copyText(await blob.text());
}
