/**
 * Rows on their way out of the page: to the clipboard, or as a download. Called by save-bar.ts, the
 * viewer and files/. Text is made piece by piece, so that a million rows need no memory at once.
 */
import { FORMATS, type FormatName } from './formats.ts';
import type { Values } from './rows.ts';

/** Long enough for any browser to have taken hold of a download's blob. */
const DOWNLOAD_START_MS = 60_000;
const PIECE = 1 << 20;

export interface Saved {
  readonly columns: readonly string[];
  readonly table: string;
  readonly rows: AsyncIterable<Values> | Iterable<Values>;
}

/** All of it as a blob; tells how many rows there are by now, and in the end. */
export async function toBlob(
  { columns, table, rows }: Saved,
  name: FormatName,
  onRows?: (rows: number) => void,
): Promise<Blob> {
  const { type, writer } = FORMATS[name];
  const { head, row, foot } = writer(columns, table);
  const pieces: Blob[] = [];
  let text = head;
  let index = 0;
  for await (const values of rows) {
    text += row(values, index);
    index += 1;
    if (text.length > PIECE) {
      pieces.push(new Blob([text]));
      text = '';
      onRows?.(index);
    }
  }
  onRows?.(index);
  return new Blob([...pieces, text, foot], { type });
}

/** Hands a blob to the person as a download. */
export function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name.slice(name.lastIndexOf('/') + 1);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_START_MS);
}

/** Copies text; where the clipboard is refused, the error says so. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard === undefined) {
    throw new Error(
      'This page has no clipboard: it needs https or localhost. Download it instead.',
    );
  }
  await navigator.clipboard.writeText(text);
}
