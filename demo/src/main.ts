/**
 * The console's composition root: finds the page's elements and ties editor, workspace, results
 * and panels together. Started by index.html; everything it does to data goes through workspace.ts.
 */
import type { Database } from 'anchorite';
import { onAddress, openOptions, rememberedName, rememberName, sharedSql } from './address.ts';
import type { App } from './app.ts';
import { askName } from './dialogs.ts';
import { find } from './dom.ts';
import { Editor } from './editor/editor.ts';
import { EditorTabs } from './editor/tabs.ts';
import { onFiles } from './files/drop.ts';
import { FilesPanel } from './files/panel.ts';
import { fetchSample, SAMPLE_NAME, SAMPLE_QUERY } from './files/sample.ts';
import { HistoryPanel } from './history/panel.ts';
import { Store } from './history/store.ts';
import { EnginePanel } from './hood/panel.ts';
import { listenToKeys, type Shortcut, showKeys } from './keys.ts';
import { keepOffline, trustWorkers } from './offline.ts';
import { type Remedy, ResultPanel } from './results/panel.ts';
import { download } from './results/save.ts';
import { describe, type Failure } from './run/failure.ts';
import { Runs } from './run/runs.ts';
import { TransactionNote } from './run/transaction.ts';
import { SchemaPanel } from './schema/panel.ts';
import { VocabularyReader } from './schema/vocabulary.ts';
import { Side } from './side.ts';
import { Stage } from './stage.ts';
import { showFacts } from './status.ts';
import { type Action, Tasks } from './task.ts';
import { count, size } from './words.ts';
import { Workspace } from './workspace.ts';

const FIRST_TEXT = `-- What does this database hold?
SELECT type, name, tbl_name FROM sqlite_schema ORDER BY type, name;
`;
const FIRST_STEPS =
  'It is empty. Write SQL above and run it, drop a file onto the page (SQLite, CSV, JSON or ' +
  'SQL), or load the Chinook sample: a music shop in 11 tables. Nothing leaves this machine.';
const NEXT_STEPS = 'Look into a table under Schema, or write SQL above and run it.';
const TABLES = `SELECT count(*) FILTER (WHERE type = 'table') AS tables, count(*) AS items
  FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`;
const NOT_REPLACED = 'Nothing was replaced.';

trustWorkers();

const picker = find('database', HTMLSelectElement);
const facts = find('facts', HTMLElement);
const errorPanel = find('error', HTMLElement);
const lastRun = find('last-run', HTMLElement);
const workspace = new Workspace(openOptions());
const editor: Editor = new Editor(find('editor', HTMLElement), {
  onRun: (extent) => runs.run(extent),
  onEdit: () => tabs.edited(),
});
const queries = find('queries', HTMLElement);
const tabs: EditorTabs = new EditorTabs(queries, editor, FIRST_TEXT, (title) =>
  tasks.note(`Closed ${title}. Alt Shift Z brings it back.`),
);
const results = new ResultPanel(find('result', HTMLElement), errorPanel, (activity, action) =>
  tasks.perform(activity, action, (failure) => showFailure(failure)),
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

const stage = new Stage({
  queries: find('work', HTMLElement),
  results: find('results', HTMLElement),
  other: find('browser', HTMLElement),
  error: errorPanel,
});

/** Whether something has changed while something else ran. */
let stale = false;

const app: App = {
  workspace,
  perform: (activity, action, onFailure) => tasks.perform(activity, action, onFailure),
  openDatabase,
  openText(text, { title, run } = {}) {
    inQueries(() => {
      tabs.open(text, title);
      if (run === true) runs.run('all');
    });
  },
  takeFiles(files) {
    const imports = import('./files/imports.ts');
    void imports.then(
      ({ takeFiles }) => takeFiles(app, files, showDatabase),
      (error: unknown) => showFailure(describe(error)),
    );
  },
  async browse(shown) {
    const may = await stage.show(shown);
    if (!may) return false;
    side.giveWay();
    stage.reveal();
    return true;
  },
  fail: showFailure,
  clearFailure() {
    errorPanel.hidden = true;
  },
  note: (words) => tasks.note(words),
  chooseFiles: () => find('import', HTMLElement).click(),
  say: (title, detail) => void results.message(title, detail),
};
const store = new Store(workspace.options);
const engine = new EnginePanel(app);
const side = new Side(find('rail', HTMLElement), find('side', HTMLElement), [
  new SchemaPanel(app),
  new FilesPanel(app, () => show(workspace.opened)),
  new HistoryPanel(app, store),
  engine,
]);
const transaction = new TransactionNote(find('transaction', HTMLElement), app);
workspace.whyStay = async () => {
  if (!(await stage.mayLeave())) return 'The changes of the table still wait.';
  return (await transaction.mayLeave()) ? undefined : 'The transaction is still open.';
};
const vocabulary = new VocabularyReader(workspace, editor);
const runs: Runs = new Runs({
  ...{ app, editor, results, store, lastRun, remedyFor },
  onCost(cost) {
    engine.ran(cost);
    transaction.open = cost.after.transaction;
  },
  onDone: refresh,
});
const shortcuts: readonly Shortcut[] = [
  ...[1, 2, 3, 4].map((number) => ({
    code: `Digit${number}`,
    alt: true,
    keys: `Alt ${number}`,
    words: `panel ${number}: ${['Schema', 'Files', 'History', 'Engine'][number - 1]}`,
    act: () => side.toggle(number - 1),
  })),
  key('KeyE', 'E', 'to the editor', () => inQueries(() => editor.focus())),
  key('KeyR', 'R', 'to the rows', focusRows),
  key('KeyT', 'T', 'a new query', () => inQueries(() => tabs.add())),
  key('KeyW', 'W', 'close the query', () => inQueries(() => tabs.close())),
  key('KeyZ', 'Z', 'bring back the query closed last', () => inQueries(() => tabs.reopen())),
  key('PageDown', 'Page down', 'the next query', () => inQueries(() => tabs.step(1))),
  key('PageUp', 'Page up', 'the query before', () => inQueries(() => tabs.step(-1))),
  { code: 'Escape', keys: 'Escape', words: 'cancel what runs', act: () => tasks.cancel() },
  { code: 'F1', keys: 'F1', words: 'this list', act: () => showKeys(shortcuts) },
];

start();

function start(): void {
  listen('run', () => runs.run('all'));
  listen('run-statement', () => runs.run('statement'));
  listen('new', () => void createDatabase());
  listen('export', exportDatabase);
  listen('load-chinook', loadSample);
  listen('share', () => runs.share());
  listen('save-query', () => void runs.save());
  listen('keys', () => showKeys(shortcuts));
  listenToKeys(shortcuts);
  picker.addEventListener('change', () => openDatabase(picker.value));
  const fileInput = find('import-file', HTMLInputElement);
  onFiles(find('import', HTMLButtonElement), fileInput, find('drop-hint', HTMLElement), (files) =>
    app.takeFiles(files),
  );
  onAddress(followAddress);
  find('run-hint', HTMLElement).textContent = runHint();
  workspace.events.addEventListener('opened', () => {
    transaction.open = false;
    stage.put(undefined);
    side.giveWay();
  });
  for (const event of ['opened', 'changed', 'foreign']) {
    workspace.events.addEventListener(event, refresh);
  }
  workspace.events.addEventListener('foreign', () => {
    if (!tasks.busy) lastRun.textContent = 'changed by another tab';
  });
  followAddress();
  keepOffline();
}

/** What the database holds may be something else now; while something runs, that can wait. */
function refresh(): void {
  stale = tasks.busy;
  if (stale) return;
  side.refresh();
  vocabulary.changed();
}

/** Does something with the queries, if what stands in their place may be left. */
function inQueries(act: () => void): void {
  void app.browse(undefined).then((may) => may && act());
}

function focusRows(): void {
  const grids = [...document.querySelectorAll<HTMLElement>('.grid')];
  grids.find((grid) => grid.offsetWidth > 0)?.focus();
}

/** A shortcut with Alt and Shift. */
function key(code: string, keys: string, words: string, act: () => void): Shortcut {
  return { code, alt: true, shift: true, keys: `Alt Shift ${keys}`, words, act };
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
  if (busy) return;
  showOpenName();
  if (stale) refresh();
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
  await welcome(database, `${database.name} is open`);
  return `Opened ${database.name}.`;
}

/** Says what is open, how much it holds, and what can be done with that. */
async function welcome(database: Database, title: string): Promise<void> {
  const held = await database.get<Record<string, bigint>>(TABLES).catch(() => undefined);
  const file = { label: 'Import a file…', act: () => app.chooseFiles() };
  if (held?.['items']) {
    const schema = { label: 'Show the tables', act: () => side.show(0) };
    const words = count(Number(held['tables']), 'table');
    return results.message(`${title}, with ${words}.`, NEXT_STEPS, schema, file);
  }
  const sample = { label: 'Load the Chinook sample', act: loadSample };
  await results.message(`${title}.`, FIRST_STEPS, sample, file);
}

async function createDatabase(): Promise<void> {
  if (tasks.busy) return;
  const question = { title: 'New database', label: 'Name of the file', action: 'Create' };
  const name = await askName(question);
  if (name !== undefined) openDatabase(name);
}

function loadSample(): void {
  perform('Loading the Chinook sample…', async (signal) => {
    const { mayTake } = await import('./files/imports.ts');
    if (!(await mayTake(app, SAMPLE_NAME))) return NOT_REPLACED;
    await show(await workspace.importOver(SAMPLE_NAME, await fetchSample(signal), { signal }));
    tabs.open(SAMPLE_QUERY, 'Chinook');
    await runs.perform(editor.excerpt('all'), signal);
    return `Imported ${SAMPLE_NAME}.`;
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

/** Opens a database that has come in. */
async function showDatabase(name: string, title: string): Promise<void> {
  const database = await workspace.open(name);
  await show(database);
  await welcome(database, title);
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

function showFailure(failure: Failure, place?: string, remedy?: Remedy): void {
  results.showFailure(failure, place, remedyFor(failure) ?? remedy);
  showFacts(facts, workspace.database);
  showOpenName();
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
  return `${key} Enter runs all or the selection; with Shift, the statement`;
}
