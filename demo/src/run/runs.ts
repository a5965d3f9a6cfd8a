/**
 * What happens when somebody runs the editor's text: results, errors where they are, history, cost.
 * Made by main.ts. It ties runner.ts to the page's parts; those do not know each other.
 */
import type { Database } from 'anchorite';
import { linkTo } from '../address.ts';
import type { App } from '../app.ts';
import { askName, confirm } from '../dialogs.ts';
import type { Editor, Excerpt, Extent } from '../editor/editor.ts';
import type { Store } from '../history/store.ts';
import type { Cost } from '../hood/panel.ts';
import type { Remedy, ResultPanel } from '../results/panel.ts';
import { copyText } from '../results/save.ts';
import { statements } from '../sql/split.ts';
import { count, duration } from '../words.ts';
import { advise } from './advice.ts';
import type { Failure } from './failure.ts';
import { type Listener, runPieces, type Summary } from './runner.ts';

type AskParams = Listener['ask'];

export interface Parts {
  readonly app: App;
  readonly editor: Editor;
  readonly results: ResultPanel;
  readonly store: Store;
  /** Where the status line says how the last run went. */
  readonly lastRun: HTMLElement;
  remedyFor(failure: Failure): Remedy | undefined;
  onCost(cost: Cost): void;
  onDone(): void;
}

export class Runs {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Runs what is in the editor. */
  run(extent: Extent): void {
    const { app, editor } = this.#parts;
    if (app.workspace.database === undefined) return;
    const excerpt = editor.excerpt(extent);
    void app.perform(
      'Running…',
      (signal) => this.perform(excerpt, signal),
      (failure) => this.#showFailure(failure, excerpt),
    );
  }

  /** The same as a part of something else. */
  async perform(excerpt: Excerpt, signal: AbortSignal): Promise<string> {
    const { app, editor, results, lastRun } = this.#parts;
    const { opened: database } = app.workspace;
    if (!(await app.browse(undefined))) {
      throw new DOMException('Nothing was run: the changes of the table still wait.', 'AbortError');
    }
    editor.clearErrors();
    await results.clear();
    lastRun.textContent = '';
    const before = await database.stats();
    const started = performance.now();
    let outcome = 'not finished';
    const listener = {
      ask: async (...asked: Parameters<AskParams>) =>
        (await import('./params.ts')).askParams(...asked),
      onRows: results.addRows.bind(results),
      onNote: results.addNote.bind(results),
    };
    try {
      const summary = await runPieces(database, statements(excerpt.sql), listener, signal);
      if (summary.statements === 0) await results.message('There is no SQL to run.');
      outcome = `${inWords(summary)} · ${duration(performance.now() - started)}`;
      lastRun.textContent = outcome;
    } finally {
      const ms = performance.now() - started;
      void this.#after(database, excerpt.sql, outcome, async () => {
        this.#parts.onCost({ sql: excerpt.sql, ms, before, after: await database.stats() });
      });
    }
    return 'Ready.';
  }

  /** Copies a link with the SQL. */
  share(): void {
    const { app, editor } = this.#parts;
    void app.perform('Copying a link…', async () => {
      await copyText(linkTo(editor.excerpt('all').sql));
      return 'Copied a link that holds this SQL, and no data.';
    });
  }

  /** Keeps the SQL by a title. */
  async save(): Promise<void> {
    const { app, editor, store, onDone } = this.#parts;
    const { sql } = editor.excerpt('all');
    const title = await askName({ title: 'Save this query', label: 'Title', action: 'Save' });
    if (title === undefined) return;
    await app.perform('Saving…', async () => {
      const question = { title: 'Replace the saved query?', action: 'Replace' };
      const text = `“${title}” is kept already. What it holds now cannot be brought back.`;
      if ((await store.has(title)) && !(await confirm({ ...question, text }))) {
        return 'Nothing was saved.';
      }
      await store.save(title, sql);
      onDone();
      return `Saved as ${title}; the History panel has it.`;
    });
  }

  /** What a run brings about besides its results; nothing of it may spoil them. */
  async #after(
    database: Database,
    text: string,
    outcome: string,
    tellCost: () => Promise<void>,
  ): Promise<void> {
    const { app, results, store, onDone } = this.#parts;
    await tellCost().catch(() => undefined);
    results.finish();
    results.reveal();
    app.workspace.touch();
    if (statements(text).next().done === false) {
      await store.addRun(database.name, text, outcome).catch(() => undefined);
    }
    onDone();
  }

  #showFailure(failure: Failure, ran: Excerpt): void {
    const { app, editor, results, lastRun, remedyFor } = this.#parts;
    const { offset, message } = failure;
    const place = offset === undefined ? undefined : editor.showError(ran, offset, message);
    const guess = advise(message, editor.vocabulary, app.workspace.database?.name ?? '');
    const advised = { ...failure, advice: failure.advice ?? guess };
    results.showFailure(advised, place && `at ${place}`, remedyFor(failure));
    lastRun.textContent = failure.code;
  }
}

function inWords({ statements: ran, rows, changes, hasMore }: Summary): string {
  const parts = [ran > 1 ? count(ran, 'statement') : ''];
  if (rows > 0 || changes === 0) parts.push(`${count(rows, 'row')}${hasMore ? ' and more' : ''}`);
  if (changes > 0) parts.push(`${count(changes, 'row')} changed`);
  return parts.filter((part) => part !== '').join(' · ');
}
