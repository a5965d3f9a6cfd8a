/**
 * The SQL editor: CodeMirror, its look, and the mark at an error. Called by main.ts.
 * Knows text and positions in it; must not know databases or results.
 *
 * It lives in a shadow root, where CodeMirror adds its styles as adopted style sheets. In the
 * document itself it would add a <style> element, which `style-src 'self'` refuses.
 */
import { SQLite, sql } from '@codemirror/lang-sql';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { type EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';

/** SQL taken from the editor, and where in the editor it starts (UTF-16 units). */
export interface Excerpt {
  sql: string;
  start: number;
}

/** The editor's face to the rest of the page. */
export interface Editor {
  /** The selected text if there is some, else all of it. */
  excerpt(): Excerpt;
  /** Replaces the text; the person can undo it. */
  setText(text: string): void;
  /**
   * Underlines the word at `offset` of what was run, moves the caret there, and says where it is;
   * `undefined` when that text has been edited meanwhile.
   */
  showError(ran: Excerpt, offset: number, message: string): string | undefined;
  clearErrors(): void;
}

/** Puts an editor holding `text` into `host`; `onRun` is called on Ctrl-Enter or Cmd-Enter. */
export function createEditor(host: HTMLElement, text: string, onRun: () => void): Editor {
  const root = host.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    doc: text,
    extensions: [
      runKey(onRun),
      TYPING_OVER,
      basicSetup,
      sql({ dialect: SQLite }),
      lintGutter(),
      look(),
    ],
  });
  return {
    excerpt: () => excerptOf(view.state),
    setText: (replacement) =>
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: replacement } }),
    showError: (ran, offset, message) =>
      stillThere(view.state, ran) ? showError(view, ran.start + offset, message) : undefined,
    clearErrors: () => view.dispatch(setDiagnostics(view.state, [])),
  };
}

function runKey(onRun: () => void) {
  const run = () => {
    onRun();
    return true;
  };
  return Prec.highest(keymap.of([{ key: 'Mod-Enter', run }]));
}

/**
 * Typing over a selection is done here and not left to the browser: Chromium keeps the look of the
 * text replaced by adding style attributes, which `style-src 'self'` refuses and reports.
 */
const TYPING_OVER = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== 'insertText' || event.data === null || event.isComposing) return false;
    const range = domSelection(view);
    if (range === undefined || range.from === range.to) return false;
    typeOver(view, range.from, range.to, event.data);
    return true;
  },
});

/** What the browser would replace; the editor's own state may not have heard of it yet. */
function domSelection(view: EditorView): { from: number; to: number } | undefined {
  // Of shadow roots, only Chromium's have getSelection.
  const root = view.root as DocumentOrShadowRoot & { getSelection?(): Selection | null };
  const selection = root.getSelection?.();
  const { anchorNode, focusNode } = selection ?? {};
  if (!selection || !anchorNode || !focusNode || !view.contentDOM.contains(anchorNode)) {
    return undefined;
  }
  const anchor = view.posAtDOM(anchorNode, selection.anchorOffset);
  const focus = view.posAtDOM(focusNode, selection.focusOffset);
  return { from: Math.min(anchor, focus), to: Math.max(anchor, focus) };
}

/** Does what CodeMirror does with typed text: extensions may take it, else it is inserted. */
function typeOver(view: EditorView, from: number, to: number, typed: string): void {
  const insert = view.state.toText(typed);
  const change = view.state.update({
    changes: { from, to, insert },
    selection: { anchor: from + insert.length },
    userEvent: 'input.type',
    scrollIntoView: true,
  });
  const handlers = view.state.facet(EditorView.inputHandler);
  if (!handlers.some((handle) => handle(view, from, to, typed, () => change))) {
    view.dispatch(change);
  }
}

function excerptOf(state: EditorState): Excerpt {
  const { from, to, empty } = state.selection.main;
  return empty
    ? { sql: state.sliceDoc(), start: 0 }
    : { sql: state.sliceDoc(from, to), start: from };
}

function stillThere(state: EditorState, { sql: text, start }: Excerpt): boolean {
  return state.sliceDoc(start, start + text.length) === text;
}

function showError(view: EditorView, position: number, message: string): string {
  const { state } = view;
  const from = Math.min(position, state.doc.length);
  const diagnostic: Diagnostic = { from, to: endOfWord(state, from), severity: 'error', message };
  view.dispatch(setDiagnostics(state, [diagnostic]));
  view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
  view.focus();
  const line = state.doc.lineAt(from);
  return `line ${line.number}, column ${from - line.from + 1}`;
}

/** SQLite gives the place where the trouble starts; what is marked goes on to the word's end. */
function endOfWord(state: EditorState, from: number): number {
  const character = state.sliceDoc(from, from + 2).codePointAt(0);
  if (character === undefined) return from;
  return state.wordAt(from)?.to ?? from + String.fromCodePoint(character).length;
}

/** Colours come from the page's style sheet as custom properties, which cross into the shadow. */
function look() {
  return [syntaxHighlighting(SYNTAX), THEME, EditorView.contentAttributes.of(CONTENT_ATTRIBUTES)];
}

const CONTENT_ATTRIBUTES = { 'aria-label': 'SQL' };

const SYNTAX = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: 'var(--syntax-keyword)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--syntax-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--syntax-number)' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--syntax-type)' },
  { tag: [tags.lineComment, tags.blockComment], color: 'var(--ink-soft)', fontStyle: 'italic' },
]);

const THEME = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--surface)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', fontSize: '0.875rem', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '0.75rem 0' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': {
    color: 'var(--ink-faint)',
    backgroundColor: 'var(--surface)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--active-line)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'var(--selection)',
  },
  '.cm-selectionBackground, .cm-selectionMatch': { backgroundColor: 'var(--selection)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--selection)',
  },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--danger)',
    textDecorationSkipInk: 'none',
    textUnderlineOffset: '3px',
    backgroundColor: 'var(--danger-soft)',
  },
  '.cm-tooltip, .cm-panels': {
    color: 'var(--ink)',
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line)',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected], .cm-panel.cm-panel-lint ul [aria-selected]': {
    color: 'var(--accent-ink)',
    backgroundColor: 'var(--accent)',
  },
  '.cm-completionIcon': { display: 'none' },
  '.cm-button, .cm-textfield': {
    color: 'var(--ink)',
    backgroundColor: 'var(--surface)',
    backgroundImage: 'none',
    border: '1px solid var(--line)',
    borderRadius: '4px',
  },
  '.cm-button:active': { backgroundImage: 'none' },
  '.cm-panel button[name=close]': { color: 'var(--ink)' },
  '.cm-foldPlaceholder': {
    color: 'var(--ink-soft)',
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line)',
  },
  '.cm-searchMatch': { backgroundColor: 'var(--selection)' },
});
