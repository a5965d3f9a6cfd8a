/**
 * Keeps what the editor proposes in step with the open database. Made by main.ts.
 */
import type { Editor } from '../editor/editor.ts';
import type { Workspace } from '../workspace.ts';
import { readSchema, readVocabulary } from './read.ts';

const AFTER_MS = 250;

const VERSION = `SELECT schema_version, (SELECT group_concat(name) FROM pragma_database_list)
  FROM pragma_schema_version`;

export class VocabularyReader {
  readonly #workspace: Workspace;
  readonly #editor: Editor;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #seen = '';

  constructor(workspace: Workspace, editor: Editor) {
    this.#workspace = workspace;
    this.#editor = editor;
  }

  /** The schema may be another one now; many changes are one. */
  changed(): void {
    clearTimeout(this.#waiting);
    // A database that is closed meanwhile has nothing to propose, and tells of the next one.
    this.#waiting = setTimeout(() => void this.#read().catch(() => undefined), AFTER_MS);
  }

  async #read(): Promise<void> {
    const { database } = this.#workspace;
    if (database === undefined) return;
    const version = await database.query(VERSION, [], { rows: 'array' });
    const seen = `${database.name} ${version.join(' ')}`;
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#editor.propose(await readVocabulary(database, await readSchema(database)));
  }
}
