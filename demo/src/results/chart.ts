/**
 * A chart of a result, proposed from its values: lines over what grows, bars for names, dots for
 * two numbers. Loaded when the first chart is asked for, with uPlot.
 */
import type { SqlValue } from 'anchorite';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { h, options } from '../dom.ts';
import { head, visible } from '../words.ts';
import type { Rows, Values } from './rows.ts';

const POINTS = 2000;
const BARS = 60;
const COLOURS = ['--chart-1', '--chart-2', '--chart-3', '--chart-4'];

type Shape = 'line' | 'bars' | 'dots';

interface Choice {
  readonly shape: Shape;
  readonly x: number;
  readonly ys: readonly number[];
}

/** The chart and what chooses it. */
export async function chartOf(rows: Rows): Promise<HTMLElement> {
  const sample: Values[] = [];
  for await (const row of rows.all()) {
    sample.push(row);
    if (sample.length === POINTS) break;
  }
  const names = rows.query.columns.map(({ name }) => visible(name));
  const proposed = propose(sample, names.length);
  if (proposed === undefined) {
    const words = 'A chart needs rows and a column of numbers. Try one with count(*) or sum(…).';
    return h(
      'div',
      { class: 'message' },
      h('p', { class: 'message-title' }, 'Nothing to draw.'),
      h('p', {}, words),
    );
  }
  return chooser(names, sample, proposed, rows.count);
}

/** Which chart suits the values; nothing where there are no numbers. */
function propose(rows: readonly Values[], columns: number): Choice | undefined {
  const numeric: number[] = [];
  const others: number[] = [];
  for (let column = 0; column < columns; column += 1) {
    (isNumeric(rows, column) ? numeric : others).push(column);
  }
  const [first, second] = numeric;
  if (rows.length === 0 || first === undefined) return undefined;
  const name = others[0];
  if (name !== undefined) {
    const shape = rows.every((row) => isDate(row[name] ?? null)) ? 'line' : 'bars';
    const ys = shape === 'line' ? numeric.slice(0, COLOURS.length) : [numeric.at(-1) ?? first];
    return { shape, x: name, ys };
  }
  if (second === undefined) return { shape: 'line', x: -1, ys: [first] };
  const shape = grows(rows, first) ? 'line' : 'dots';
  return { shape, x: first, ys: numeric.slice(1, shape === 'line' ? COLOURS.length : 2) };
}

function isNumeric(rows: readonly Values[], column: number): boolean {
  const values = rows.map((row) => row[column]).filter((value) => value !== null);
  return values.length > 0 && values.every((v) => typeof v === 'number' || typeof v === 'bigint');
}

function isDate(value: SqlValue): boolean {
  return typeof value === 'string' && /^\d{4}-\d{2}(?:-\d{2})?(?:[ T]|$)/.test(value);
}

function grows(rows: readonly Values[], column: number): boolean {
  const numbers = rows.map((row) => Number(row[column]));
  return numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? 0));
}

function chooser(
  names: readonly string[],
  rows: readonly Values[],
  proposed: Choice,
  total: number,
): HTMLElement {
  const columns = names.map((name, index) => [String(index), head(name, 40)] as const);
  const xs = [['-1', 'row number'] as const, ...columns];
  const shape = h('select', { 'aria-label': 'Kind of chart' }, ...options(SHAPES));
  const x = h('select', { 'aria-label': 'Across' }, ...options(xs));
  const y = h('select', { 'aria-label': 'Up' }, ...options(columns));
  const plot = h('div', { class: 'chart', 'data-testid': 'chart' });
  shape.value = proposed.shape;
  x.value = String(proposed.x);
  y.value = String(proposed.ys[0]);
  const redraw = (choice: Choice) => draw(plot, names, rows, choice);
  const chosen = () =>
    redraw({ shape: shape.value as Shape, x: Number(x.value), ys: [Number(y.value)] });
  for (const select of [shape, x, y]) select.addEventListener('change', chosen);
  let drawn = false;
  const observer = new ResizeObserver(() => {
    if (!plot.isConnected) return observer.disconnect();
    if (drawn) chosen();
    else redraw(proposed);
    drawn = true;
  });
  const shown = Math.min(rows.length, proposed.shape === 'bars' ? BARS : POINTS);
  const note = shown < total ? `The first ${shown.toLocaleString('en')} rows.` : '';
  const box = h(
    'div',
    { class: 'chart-view' },
    h(
      'div',
      { class: 'chart-bar' },
      label('Chart', shape),
      label('across', x),
      label('up', y),
      h('span', { class: 'soft' }, note),
    ),
    plot,
  );
  observer.observe(box);
  return box;
}

const SHAPES = [
  ['line', 'Line'],
  ['bars', 'Bars'],
  ['dots', 'Dots'],
] as const;

function label(words: string, control: HTMLElement): HTMLElement {
  return h('label', {}, `${words} `, control);
}

function draw(
  host: HTMLElement,
  names: readonly string[],
  all: readonly Values[],
  { shape, x, ys }: Choice,
): void {
  const rows = shape === 'bars' ? all.slice(0, BARS) : all;
  const style = getComputedStyle(host);
  const ink = style.getPropertyValue('--ink-soft');
  const line = style.getPropertyValue('--line');
  const texts = rows.map((row, index) => xText(x === -1 ? BigInt(index + 1) : row[x]));
  const byName = shape === 'bars' || (x !== -1 && !isNumeric(rows, x));
  const xs = rows.map((row, index) => (byName ? index : x === -1 ? index + 1 : Number(row[x])));
  const order = byName ? undefined : [...xs.keys()].sort((a, b) => (xs[a] ?? 0) - (xs[b] ?? 0));
  const arranged = <T>(list: readonly T[]) => order?.map((at) => list[at] as T) ?? [...list];
  const series = ys.map((y) => arranged(rows.map((row) => numberOrNull(row[y]))));
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const splits = (_: uPlot, values: number[]) => values.map((at) => head(texts[at] ?? '', 14));
  const crowded = byName && shape === 'bars';
  const options: uPlot.Options = {
    width: Math.max(240, host.clientWidth),
    height: Math.max(180, host.clientHeight - 40),
    padding: [12, crowded ? 70 : 24, 0, 0],
    scales: {
      x: { time: false, ...(byName ? { range: [-0.6, xs.length - 0.4] } : {}) },
      y: yScale(shape),
    },
    axes: [
      {
        ...axis,
        ...(byName ? { values: splits, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] } : {}),
        ...(crowded ? { rotate: -35, size: 90, space: 22 } : {}),
      },
      { ...axis, size: 64 },
    ],
    series: [
      {
        label: x === -1 ? 'row' : (names[x] ?? ''),
        value: (_, at) => (byName ? (texts[at] ?? '–') : String(at ?? '–')),
      },
      ...ys.map((y, index) =>
        seriesOf(shape, names[y] ?? '', style.getPropertyValue(COLOURS[index] ?? '')),
      ),
    ],
  };
  host.replaceChildren();
  new uPlot(options, [arranged(xs), ...series], host);
}

function yScale(shape: Shape): uPlot.Scale {
  if (shape !== 'bars') return {};
  return { range: (_, low, high) => [Math.min(0, low * 1.05), Math.max(0, high * 1.05)] };
}

function seriesOf(shape: Shape, name: string, stroke: string): uPlot.Series {
  const common = { label: name, stroke, width: 2 };
  if (shape === 'line') return { ...common, points: { show: false } };
  if (shape === 'dots')
    return {
      ...common,
      width: 0,
      paths: () => null,
      points: { show: true, size: 6, fill: stroke },
    };
  const paths = uPlot.paths.bars?.({ size: [0.7, 48], radius: 0.1 });
  return {
    ...common,
    width: 0,
    fill: stroke,
    ...(paths ? { paths } : {}),
    points: { show: false },
  };
}

function xText(value: SqlValue | undefined): string {
  if (value instanceof Uint8Array) return 'BLOB';
  return value === null || value === undefined ? 'NULL' : visible(String(value));
}

function numberOrNull(value: SqlValue | undefined): number | null {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}
