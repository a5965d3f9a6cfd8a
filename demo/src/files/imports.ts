/**
 * Files on their way in: what each is, what has to be asked, and where it goes. Called by main.ts.
 * A database becomes one beside the others; rows and scripts go into the open one.
 */
import type { App } from '../app.ts';
import { confirm } from '../dialogs.ts';
import type { Failure } from '../run/failure.ts';
import { plainName } from '../sql/quote.ts';
import type { Action, OnFailure } from '../task.ts';
import { count, size, visible } from '../words.ts';
import { importSql } from './import-sql.ts';
import { askPlan, importTable } from './import-table.ts';

const MAGIC = 'SQLite format 3\0';
const ROWS = /\.(?:csv|tsv|tab|txt|json|ndjson|jsonl)$/i;
const SCRIPT = /\.sql$/i;

/** A database has come in; `title` says so. */
type OnDatabase = (name: string, title: string) => Promise<void>;

/** Takes files in, one after the other. */
export async function takeFiles(
  app: App,
  files: readonly File[],
  onDatabase: OnDatabase,
): Promise<void> {
  for (const file of files) await takeFile(app, file, onDatabase);
}

async function takeFile(app: App, file: File, onDatabase: OnDatabase): Promise<void> {
  const failed = (failure: Failure) => {
    const isWrong = file.size === 0 || ['SQLITE_NOTADB', 'SQLITE_CORRUPT'].includes(failure.code);
    const remedy = isWrong
      ? { label: 'Choose another file…', act: () => app.chooseFiles() }
      : { label: 'Try again', act: () => void takeFile(app, file, onDatabase) };
    app.fail(failure, `· ${visible(file.name)} was not imported`, remedy);
  };
  const isDatabase = (await file.slice(0, MAGIC.length).text()) === MAGIC;
  if (!isDatabase && ROWS.test(file.name)) return takeRows(app, file, failed);
  if (!isDatabase && SCRIPT.test(file.name)) return takeScript(app, file, failed);
  const take: Action = async (signal, say) => {
    if (!(await mayTake(app, file.name))) return 'Nothing was replaced.';
    const onProgress = (bytes: number) => say(`${size(bytes)} of ${size(file.size)}`);
    await app.workspace.importOver(file.name, file, { signal, onProgress });
    await onDatabase(file.name, `Imported ${file.name}: ${size(file.size)}`);
    return `Imported ${file.name}.`;
  };
  await app.perform(`Importing ${file.name}…`, take, failed);
}

/** Asks before a database that is there already is replaced. */
export async function mayTake(app: App, name: string): Promise<boolean> {
  if (!(await app.workspace.names()).includes(name)) return true;
  return confirm({
    title: 'Replace the database?',
    text:
      `A database named “${name}” is kept in this browser. ` +
      'Replacing it deletes what it holds now; that cannot be undone.',
    action: 'Replace',
  });
}

async function takeRows(app: App, file: File, failed: OnFailure): Promise<void> {
  let table = '';
  const take: Action = async (signal, say) => {
    const { opened } = app.workspace;
    const plan = await askPlan(file, opened);
    if (plan === undefined) return 'Nothing was imported.';
    const rows = await importTable(opened, file, plan, signal, say);
    app.workspace.touch();
    table = plan.table;
    return `Imported ${count(rows, 'row')} into ${plan.table} of ${opened.name}.`;
  };
  const done = await app.perform(`Importing ${file.name}…`, take, failed);
  if (!done || table === '') return;
  app.openText(`SELECT *\nFROM ${plainName(table)};\n`, { title: table, run: true });
}

async function takeScript(app: App, file: File, failed: OnFailure): Promise<void> {
  const run: Action = async (signal, say) => {
    const { opened } = app.workspace;
    const go = await confirm({
      title: 'Run this script?',
      text:
        `${file.name} (${size(file.size)}) will be run in ${opened.name}, ` +
        'all of it or nothing.',
      action: 'Run it',
    });
    if (!go) return 'Nothing was run.';
    const number = await importSql(opened, file, signal, say);
    app.workspace.touch();
    app.say(`Ran ${file.name}: ${count(number, 'statement')}.`);
    return `Ran ${file.name}.`;
  };
  await app.perform(`Running ${file.name}…`, run, failed);
}
