/**
 * The console's composition root: finds the page's elements and ties editor, workspace, results
 * and status together. Started by index.html; everything it does to data goes through workspace.ts.
 */
import type { Database } from 'anchorite';
import { onNameInAddress, openOptions, rememberedName, rememberName } from './address.ts';
import { askName, find, mayReplace } from './dialogs.ts';
import { createEditor, type Excerpt } from './editor.ts';
import { describe, type Failure } from './failure.ts';
import { download, fetchSample, onFile, SAMPLE_NAME, SAMPLE_QUERY } from './files.ts';
import { countBytes, countRows, createResults, type Remedy } from './results.ts';
import { createStatus } from './status.ts';
import { type Outcome, Workspace } from './workspace.ts';

const FIRST_TEXT = `-- What does this database hold?
SELECT type, name, tbl_name FROM sqlite_schema ORDER BY type, name;
`;
const FIRST_STEPS =
  'Write SQL above and run it, drop a SQLite file onto the page, ' +
  'or load the Chinook sample: a music shop in 11 tables.';
const NOT_REPLACED = 'Nothing was replaced.';

const picker = find('database', HTMLSelectElement);
const runButton = find('run', HTMLButtonElement);
const newButton = find('new', HTMLButtonElement);
const importButton = find('import', HTMLButtonElement);
const exportButton = find('export', HTMLButtonElement);
const sampleButton = find('load-chinook', HTMLButtonElement);
const workspace = new Workspace(openOptions());
const editor = createEditor(find('editor', HTMLElement), FIRST_TEXT, runText);
const results = createResults(find('result', HTMLElement), find('error', HTMLElement));
const status = createStatus(
  find('activity', HTMLElement),
  find('last-run', HTMLElement),
  find('facts', HTMLElement),
);
let busy = false;

start();

function start(): void {
  runButton.addEventListener('click', runText);
  newButton.addEventListener('click', () => void createDatabase());
  exportButton.addEventListener('click', exportDatabase);
  sampleButton.addEventListener('click', loadSample);
  picker.addEventListener('change', () => openDatabase(picker.value));
  const fileInput = find('import-file', HTMLInputElement);
  onFile(importButton, fileInput, find('drop-hint', HTMLElement), importFile);
  onNameInAddress(openDatabase);
  find('run-hint', HTMLElement).textContent = runHint();
  const name = rememberedName();
  showNames([name]);
  openDatabase(name);
}

/** Does one thing at a time; what is asked for meanwhile is not done. Failures are shown. */
function perform(activity: string, action: () => Promise<string>, onFailure = showFailure): void {
  if (busy) showOpenName();
  else void performNow(activity, action, onFailure);
}

async function performNow(
  activity: string,
  action: () => Promise<string>,
  onFailure: (failure: Failure) => void,
): Promise<void> {
  setBusy(true);
  status.startActivity(activity);
  let end = 'Failed.';
  try {
    end = await action();
  } catch (error) {
    onFailure(describe(error));
  }
  setBusy(false);
  status.endActivity(end);
}

function setBusy(value: boolean): void {
  busy = value;
  const open = workspace.database !== undefined;
  for (const button of [newButton, importButton, sampleButton]) button.ariaDisabled = `${busy}`;
  for (const button of [runButton, exportButton]) button.ariaDisabled = `${busy || !open}`;
}

function openDatabase(name: string): void {
  perform(
    `Opening ${name}…`,
    () => opened(workspace.open(name)),
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
  results.showMessage(`${database.name} is open.`, FIRST_STEPS);
  return `Opened ${database.name}.`;
}

async function createDatabase(): Promise<void> {
  if (busy) return;
  const name = await askName();
  if (name !== undefined) openDatabase(name);
}

function runText(): void {
  if (workspace.database === undefined) return;
  const excerpt = editor.excerpt();
  perform(
    'Running…',
    () => run(excerpt),
    (failure) => showRunFailure(failure, excerpt),
  );
}

async function run(excerpt: Excerpt): Promise<string> {
  editor.clearErrors();
  showOutcome(await workspace.run(excerpt.sql));
  return 'Ready.';
}

function loadSample(): void {
  perform('Loading the Chinook sample…', async () => {
    if (!(await importAs(SAMPLE_NAME, fetchSample))) return NOT_REPLACED;
    editor.setText(SAMPLE_QUERY);
    await run(editor.excerpt());
    return `Imported ${SAMPLE_NAME}.`;
  });
}

function importFile(file: File): void {
  perform(`Importing ${file.name}…`, async () => {
    if (!(await importAs(file.name, async () => file))) return NOT_REPLACED;
    results.showMessage(`Imported ${file.name}: ${countBytes(file.size)}.`, FIRST_STEPS);
    return `Imported ${file.name}.`;
  });
}

/** Asks before a database that is there already is replaced; false when it is to stay. */
async function importAs(name: string, source: () => Promise<Blob>): Promise<boolean> {
  const taken = (await workspace.names()).includes(name);
  if (taken && !(await mayReplace(name))) return false;
  await show(await workspace.importOver(name, await source()));
  return true;
}

function exportDatabase(): void {
  const name = workspace.database?.name;
  if (name === undefined) return;
  perform(`Exporting ${name}…`, async () => {
    const bytes = await workspace.export();
    download(name, bytes);
    return `Exported ${name}: ${countBytes(bytes.length)}.`;
  });
}

/** Shows which database is open, and remembers it for the next visit. */
async function show(database: Database): Promise<void> {
  rememberName(database.name);
  document.title = `${database.name} · Anchorite`;
  status.showDatabase(database);
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

function showOutcome(outcome: Outcome): void {
  const ms = formatMs(outcome.ms);
  if (outcome.kind === 'rows') {
    results.showRows(outcome.rows);
    status.showRun(`${countRows(outcome.rows.length)} · ${ms}`);
  } else {
    results.showMessage('Script ran.', 'To see rows, select one statement and run it by itself.');
    status.showRun(`script ran · ${ms}`);
  }
}

function showFailure(failure: Failure): void {
  results.showFailure(failure, undefined, remedyFor(failure));
  status.showDatabase(workspace.database);
  showOpenName();
}

function showRunFailure(failure: Failure, ran: Excerpt): void {
  const { offset, message } = failure;
  const place = offset === undefined ? undefined : editor.showError(ran, offset, message);
  results.showFailure(failure, place && `at ${place}`, remedyFor(failure));
  status.showRun(failure.code);
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
  status.showDatabase(workspace.database);
  workspace.names().then(
    (names) => showNames([...new Set([name, ...names])]),
    () => showNames([name]),
  );
}

function runHint(): string {
  const key = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘ Enter' : 'Ctrl Enter';
  return `${key} runs the selection, or everything`;
}

function formatMs(ms: number): string {
  const digits = ms < 10 ? 1 : 0;
  return `${ms.toLocaleString('en', { maximumFractionDigits: digits })} ms`;
}
