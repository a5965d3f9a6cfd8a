// Drives the console in a frame, where nothing outside can: WebKitGTK has no OPFS in sessions of
// WebDriver. drive.html loads it; harness/demo-webkit.ts hears of each step. It must know no more
// of the console than words and test ids.
import type { DrivenStep } from '../../wire';

const COUNT = 'SELECT count(*) AS tracks FROM Track';
const TRACKS = '3503';
const STEP_MS = 20_000;

const frame = document.querySelector('iframe') as HTMLIFrameElement;

function find(selector: string): HTMLElement | null {
  return frame.contentDocument?.querySelector(selector) ?? null;
}

/** Looks at each frame that is drawn until something is true. */
async function until(what: string, isTrue: () => boolean): Promise<void> {
  const end = performance.now() + STEP_MS;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

function says(selector: string, text: string): Promise<void> {
  return until(`“${selector}” says “${text}”`, () =>
    Boolean(find(selector)?.textContent?.includes(text)),
  );
}

function idle(): Promise<void> {
  return until('the console is idle', () => {
    const isBusy = frame.contentDocument?.body?.hasAttribute('data-busy') ?? true;
    return !isBusy && Boolean(find('#activity')?.textContent);
  });
}

async function press(testid: string): Promise<void> {
  const selector = `[data-testid="${testid}"]`;
  await until(`there is “${testid}”`, () => find(selector) !== null);
  find(selector)?.click();
}

/** Opens the console anew. */
async function load(): Promise<void> {
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  frame.src = '/index.html';
  await loaded;
  await idle();
}

async function answersCount(): Promise<void> {
  const editor = () => find('#editor')?.shadowRoot?.querySelector<HTMLElement>('.cm-content');
  await until('there is an editor', () => editor() !== undefined && editor() !== null);
  editor()?.focus();
  frame.contentDocument?.execCommand('selectAll');
  frame.contentDocument?.execCommand('insertText', false, COUNT);
  await press('run');
  await says('.grid-row', TRACKS);
  await idle();
}

type Steps = readonly (readonly [string, () => Promise<void>])[];

const FIRST: Steps = [
  ['opens', load],
  [
    'loads the sample',
    async () => {
      await press('load-chinook');
      await says('.grid', 'Iron Maiden');
      await idle();
    },
  ],
  ['answers', answersCount],
  ['shows which twin runs', () => says('[data-fact=engine]', 'asyncify')],
];

const AGAIN: Steps = [
  [
    'still has the data when the browser is started again',
    async () => {
      await load();
      await answersCount();
    },
  ],
];

async function tell(step: DrivenStep): Promise<void> {
  await fetch('/drive/step', { method: 'POST', body: JSON.stringify(step) });
}

for (const [name, action] of location.search === '?again' ? AGAIN : FIRST) {
  const started = performance.now();
  const fault = await action().then(
    () => undefined,
    (error: unknown) => `${error}; it says: ${find('body')?.innerText.slice(0, 500)}`,
  );
  await tell({ name, milliseconds: performance.now() - started, fault });
}
await tell({ name: '', milliseconds: 0, fault: undefined });
