/**
 * Typing over a selection, done here and not by the browser. Part of the editor.
 */
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

/**
 * Typing over a selection is done here and not left to the browser: Chromium keeps the look of the
 * text replaced by adding style attributes, which `style-src 'self'` refuses and reports.
 */
export const TYPING_OVER: Extension = EditorView.domEventHandlers({
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
