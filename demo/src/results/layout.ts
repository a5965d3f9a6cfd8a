/**
 * Where rows and columns of the grid lie: arithmetic alone. Used by grid.ts.
 *
 * All rows are of one height. An element cannot be as high as a million rows in every browser
 * (Firefox: 17.9 million pixels), so beyond MAX_HEIGHT the scroll bar is a ruler of another scale.
 */

export const ROW_HEIGHT = 28;
const MAX_HEIGHT = 12_000_000;
const MIN_WIDTH = 48;
const MAX_WIDTH = 420;
const CHARACTER = 8.1;
const PADDING = 26;
/** Rows and columns beyond the edges that are made as well. */
const MARGIN = 3;

/** What is to be seen: rows and columns from `first` to before `last`. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** The height that stands for `count` rows. */
export function scrollHeight(count: number): number {
  return Math.min(count * ROW_HEIGHT, MAX_HEIGHT);
}

/** How many pixels of rows lie above the upper edge. */
export function rowOffset(scrollTop: number, viewHeight: number, count: number): number {
  const real = count * ROW_HEIGHT - viewHeight;
  const shown = scrollHeight(count) - viewHeight;
  if (shown <= 0 || real <= 0) return 0;
  return Math.min(scrollTop / shown, 1) * real;
}

/** Where to scroll to, so that `offset` pixels of rows lie above the upper edge. */
export function scrollTopFor(offset: number, viewHeight: number, count: number): number {
  const real = count * ROW_HEIGHT - viewHeight;
  if (real <= 0) return 0;
  return Math.min(Math.max(offset / real, 0), 1) * (scrollHeight(count) - viewHeight);
}

/** The rows of a view. */
export function rowRange(offset: number, viewHeight: number, count: number): Range {
  const first = Math.max(0, Math.floor(offset / ROW_HEIGHT) - MARGIN);
  const last = Math.min(count, Math.ceil((offset + viewHeight) / ROW_HEIGHT) + MARGIN);
  return { first, last };
}

/** The columns of a view; `edges` are the left edges of all, and the right one of the last. */
export function columnRange(edges: readonly number[], left: number, width: number): Range {
  const count = edges.length - 1;
  const first = edges.findIndex((_, index) => index < count && (edges[index + 1] ?? 0) > left);
  if (first === -1) return { first: 0, last: Math.min(count, 1) };
  const after = edges.findIndex((edge) => edge >= left + width);
  return { first: Math.max(0, first - 1), last: after === -1 ? count : Math.min(after + 1, count) };
}

/** Left edges of columns of these widths, and the right one of the last. */
export function edgesOf(widths: readonly number[], start: number): number[] {
  const edges = [start];
  for (const width of widths) edges.push((edges.at(-1) ?? 0) + width);
  return edges;
}

/** A width for texts of so many characters. */
export function widthFor(characters: number): number {
  return Math.min(Math.max(characters * CHARACTER + PADDING, MIN_WIDTH), MAX_WIDTH);
}

/** A width as somebody has dragged it. */
export function draggedWidth(width: number): number {
  return Math.min(Math.max(width, MIN_WIDTH), 2000);
}
