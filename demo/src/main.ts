/**
 * The console's composition root: finds the page's elements and ties editor, workspace, results
 * and panels together. Started by index.html; everything it does to data goes through workspace.ts.
 */
import type { Database } from 'anchorite';
import { linkTo, onAddress, openOptions, rememberedName, rememberName, sharedSql } from './address.ts';
import type { App } from './app.ts';
import { askName, confirm } from './dialogs.ts';
import { find } from './dom.ts';
import { Editor, type Excerpt, type Extent } from './editor/editor.ts';
import { EditorTabs } from './editor/tabs.ts';
import { onFiles } from './files/drop.ts';
import { fetchSample, SAMPLE_NAME, SAMPLE_QUERY } from './files/sample.ts';
import { type Remedy, ResultPanel } from './results/panel.ts';
import { copyText, download } from './results/save.ts';
import type { Failure } from './run/failure.ts';
import { askParams } from './run/params.ts';
import { runPieces, type Summary } from './run/runner.ts';
import { statements } from './sql/split.ts';
import { showFacts } from './status.ts';
import { type Action, Tasks } from './task.ts';
import { count, duration, size } from './words.ts';
import { Workspace } from './workspace.ts';

const FIRST_TEXT = `-- What does this database hold?
SELECT type, name, tbl_name FROM sqlite_schema ORDER BY type, name;
`;
const FIRST_STEPS =
  'Write SQL above and run it, drop a file onto the page (SQLite, CSV, JSON or SQL), ' +
  'or load the Chinook sample: a music shop in 11 tables. Nothing leaves this machine.';
const NOT_REPLACED = 'Nothing was replaced.';

const picker = find('database', HTMLSelectElement);
const facts = find('facts', HTMLElement);
const lastRun = find('last-run', HTMLElement);
const workspace = new Workspace(openOptions());
const editor: Editor = new Editor(find('editor', HTMLElement), {
  onRun: runText,
  onEdit: () => tabs.edited(),
});
const tabs: EditorTabs = new EditorTabs(find('queries', HTMLElement), editor, FIRST_TEXT);
const results = new ResultPanel(
  find('result', HTMLElement),
  find('error', HTMLElement),
  (activity, action) => tasks.perform(activity, action, (failure) => showFailure(failure)),
);
const tasks: Tasks = new Tasks(
  {
    activity: find('activity', HTMLElement),
    clock: find('clock', HTMLElement),
    cancel: find('cancel', HTMLButtonElement),
  },
  setBusy,
  showFailure,
);

const app: App = {
  workspace,
  perform: (activity, action, onFailure) => tasks.perform(activity, action, onFailure),
  openDatabase,
  openText(text, { title, run } = {}) {
    tabs.open(text, title);
    if (run === true) runText('all');
  },
  takeFiles: () => undefined,
  browse: () => undefined,
  say: (title, detail) => void results.message(title, detail),
};

start();

function start(): void {
  listen('run', () => runText('all'));
  listen('run-statement', () => runText('statement'));
  listen('new', () => void createDatabase());
  listen('export', exportDatabase);
  listen('load-chinook', loadSample);
  listen('share', share);
  picker.addEventListener('change', () => openDatabase(picker.value));
  const fileInput = find('import-file', HTMLInputElement);
  onFiles(find('import', HTMLButtonElement), fileInput, find('drop-hint', HTMLElement), (files) =>
    app.takeFiles(files),
  );
  onAddress(followAddress);
  find('run-hint', HTMLElement).textContent = runHint();
  followAddress();
}

function listen(id: string, act: () => void): void {
  const element = find(id, HTMLButtonElement);
  element.addEventListener('click', () => element.ariaDisabled !== 'true' && act());
}

/** Opens what the address names; SQL that came with it is shown and not run. */
function followAddress(): void {
  const text = sharedSql();
  if (text !== undefined) tabs.open(text, 'Shared');
  const name = rememberedName();
  if (workspace.database === undefined) showNames([name]);
  openDatabase(name);
}

function setBusy(busy: boolean): void {
  const open = workspace.database !== undefined;
  for (const id of ['new', 'import', 'load-chinook']) disable(id, busy);
  for (const id of ['run', 'run-statement', 'export']) disable(id, busy || !open);
  if (!busy) showOpenName();
}

function disable(id: string, disabled: boolean): void {
  find(id, HTMLButtonElement).ariaDisabled = String(disabled);
}

/** Does one thing; what is asked for meanwhile is not done, and the picker says what is open. */
function perform(activity: string, action: Action, onFailure?: (failure: Failure) => void): void {
  if (tasks.busy) showOpenName();
  else void tasks.perform(activity, action, onFailure);
}

function openDatabase(name: string): void {
  perform(
    `Opening ${name}…`,
    (signal) => opened(workspace.open(name, signal)),
    (failure) => showOpenFailure(failure, name),
  );
}

/** The way on when the open database's engine has died. */
function reopenDatabase(name: string): void {
  perform(
    `Opening ${name}…`,
    () => opened(workspace.reopen(name)),
    (failure) => showOpenFailure(failure, name),
  );
}

async function opened(opening: Promise<Database>): Promise<string> {
  const database = await opening;
  await show(database);
  await results.message(`${database.name} is open.`, FIRST_STEPS);
  return `Opened ${database.name}.`;
}

async function createDatabase(): Promise<void> {
  if (tasks.busy) return;
  const question = { title: 'New database', label: 'Name of the file', action: 'Create' };
  const name = await askName(question);
  if (name !== undefined) openDatabase(name);
}

function runText(extent: Extent): void {
  if (workspace.database === undefined) return;
  const excerpt = editor.excerpt(extent);
  perform(
    'Running…',
    (signal) => run(excerpt, signal),
    (failure) => showRunFailure(failure, excerpt),
  );
}

async function run(excerpt: Excerpt, signal: AbortSignal): Promise<string> {
  editor.clearErrors();
  await results.clear();
  lastRun.textContent = '';
  const started = performance.now();
  const listener = {
    ask: askParams,
    onRows: results.addRows.bind(results),
    onNote: results.addNote.bind(results),
  };
  try {
    const pieces = statements(excerpt.sql);
    const summary = await runPieces(workspace.opened, pieces, listener, signal);
    if (summary.statements === 0) await results.message('There is no SQL to run.');
    lastRun.textContent = `${inWords(summary)} · ${duration(performance.now() - started)}`;
  } finally {
    results.finish();
    if (excerpt.sql.trim() !== '') workspace.touch();
  }
  return 'Ready.';
}

function inWords({ statements: ran, rows, changes, hasMore }: Summary): string {
  const parts = [ran > 1 ? count(ran, 'statement') : ''];
  if (rows > 0 || changes === 0) parts.push(`${count(rows, 'row')}${hasMore ? ' and more' : ''}`);
  if (changes > 0) parts.push(`${count(changes, 'row')} changed`);
  return parts.filter((part) => part !== '').join(' · ');
}

function loadSample(): void {
  perform('Loading the Chinook sample…', async (signal) => {
    if (!(await mayTake(SAMPLE_NAME))) return NOT_REPLACED;
    await show(await workspace.importOver(SAMPLE_NAME, await fetchSample(signal), { signal }));
    tabs.open(SAMPLE_QUERY, 'Chinook');
    await run(editor.excerpt('all'), signal);
    return `Imported ${SAMPLE_NAME}.`;
  });
}

/** Asks before a database that is there already is replaced. */
async function mayTake(name: string): Promise<boolean> {
  if (!(await workspace.names()).includes(name)) return true;
  return confirm({
    title: 'Replace the database?',
    text:
      `A database named “${name}” is kept in this browser. ` +
      'Replacing it deletes what it holds now; that cannot be undone.',
    action: 'Replace',
  });
}

function exportDatabase(): void {
  const name = workspace.database?.name;
  if (name === undefined) return;
  perform(`Exporting ${name}…`, async (signal, say) => {
    const onProgress = (bytes: number) => say(size(bytes));
    const blob = await workspace.opened.export({ as: 'blob', signal, onProgress });
    download(name, blob);
    return `Exported ${name}: ${size(blob.size)}.`;
  });
}

function share(): void {
  perform('Copying a link…', async () => {
    await copyText(linkTo(editor.excerpt('all').sql));
    return 'Copied a link that holds this SQL, and no data.';
  });
}

/** Shows which database is open, and remembers it for the next visit. */
async function show(database: Database): Promise<void> {
  rememberName(database.name);
  document.title = `${database.name} · Anchorite`;
  showFacts(facts, database);
  lastRun.textContent = '';
  editor.clearErrors();
  showNames(await workspace.names());
}

function showNames(names: readonly string[]): void {
  picker.replaceChildren(...names.map((name) => new Option(name)));
  showOpenName();
}

function showOpenName(): void {
  const name = workspace.database?.name;
  if (name === undefined) return;
  picker.value = name;
  rememberName(name);
}

function showFailure(failure: Failure): void {
  results.showFailure(failure, undefined, remedyFor(failure));
  showFacts(facts, workspace.database);
  showOpenName();
}

function showRunFailure(failure: Failure, ran: Excerpt): void {
  const { offset, message } = failure;
  const place = offset === undefined ? undefined : editor.showError(ran, offset, message);
  results.showFailure(failure, place && `at ${place}`, remedyFor(failure));
  lastRun.textContent = failure.code;
}

function remedyFor(failure: Failure): Remedy | undefined {
  const name = workspace.database?.name;
  const label = 'Open it again';
  if (name === undefined) return { label, act: () => openDatabase(rememberedName()) };
  return failure.lost ? { label, act: () => reopenDatabase(name) } : undefined;
}

/** Another database stays open where one was; else the others that are there can be chosen. */
function showOpenFailure(failure: Failure, name: string): void {
  const place = `· ${name} could not be opened`;
  results.showFailure(failure, place, { label: 'Try again', act: () => openDatabase(name) });
  showFacts(facts, workspace.database);
  workspace.names().then(
    (names) => showNames([...new Set([name, ...names])]),
    () => showNames([name]),
  );
}

function runHint(): string {
  const key = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl';
  return `${key} Enter runs the selection, or everything; with Shift, the statement at the caret`;
}
