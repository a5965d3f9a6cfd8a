/**
 * What the panels may ask of the console. Implemented by main.ts; types only.
 */
import type { Remedy } from './results/panel.ts';
import type { Failure } from './run/failure.ts';
import type { Shown } from './stage.ts';
import type { Action } from './task.ts';
import type { Workspace } from './workspace.ts';

export interface App {
  readonly workspace: Workspace;
  /** One thing at a time; resolves to whether it was done. */
  perform(
    activity: string,
    action: Action,
    onFailure?: (failure: Failure) => void,
  ): Promise<boolean>;
  openDatabase(name: string): void;
  /** Puts SQL into a tab of the editor, and runs it if it is wanted. */
  openText(text: string, options?: { readonly title?: string; readonly run?: boolean }): void;
  /** Takes files in, asking about each what has to be asked. */
  takeFiles(files: readonly File[]): void;
  /**
   * Shows something in the place of the queries, or those again; resolves to whether what was there
   * could be left.
   */
  browse(shown: Shown | undefined): Promise<boolean>;
  /** Shows what has failed, where, and a way on. */
  fail(failure: Failure, place: string, remedy: Remedy): void;
  /** Takes away what was said of a failure: somebody goes on. */
  clearFailure(): void;
  /** Says something in the status line. */
  note(words: string): void;
  /** Lets files be chosen, to be taken in. */
  chooseFiles(): void;
  /** Shows a sentence in the place of results. */
  say(title: string, detail?: string): void;
}

/** A panel beside the editor; it reads the database when it is shown. */
export interface Panel {
  readonly name: string;
  readonly element: HTMLElement;
  /** It is shown, or what it shows has changed. */
  refresh(): Promise<void>;
}
