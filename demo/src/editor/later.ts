/**
 * What the editor can do without at first: the SQL mode and its colours, proposals, search,
 * folding, and marks at errors. Loaded by editor.ts as soon as the page stands; until then the
 * editor takes text and runs it.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import type { Extension } from '@codemirror/state';
import { type EditorView, keymap } from '@codemirror/view';
import { SYNTAX } from './colours.ts';
import { language, type Vocabulary } from './completion.ts';

export function extras(vocabulary: Vocabulary): Extension {
  return [
    language(vocabulary),
    syntaxHighlighting(SYNTAX),
    foldGutter(),
    lintGutter(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    highlightSelectionMatches(),
    keymap.of([
      ...closeBracketsKeymap,
      ...searchKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
    ]),
  ];
}

/** Underlines what is wrong; nothing takes the marks away. */
export function mark(view: EditorView, diagnostics: readonly Diagnostic[]): void {
  view.dispatch(setDiagnostics(view.state, diagnostics));
}
