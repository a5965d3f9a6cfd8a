/**
 * The SQL editor: CodeMirror, what is run of its text, and the mark at an error. Called by main.ts
 * and tabs.ts. Knows text and positions in it; must not know databases or results.
 *
 * It lives in a shadow root, where CodeMirror adds its styles as adopted style sheets. In the
 * document itself it would add a <style> element, which `style-src 'self'` refuses.
 */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import type { Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import * as cm from '@codemirror/view';
import { EditorView, keymap } from '@codemirror/view';
import { statementAt } from '../sql/split.ts';
import type { Vocabulary } from './completion.ts';
import { look } from './theme.ts';
import { TYPING_OVER } from './typing.ts';

/** SQL taken from the editor, and where in the editor it starts (UTF-16 units). */
export interface Excerpt {
  readonly sql: string;
  readonly start: number;
}

/** What is to be run. */
export type Extent = 'all' | 'statement';

export interface EditorEvents {
  onRun(extent: Extent): void;
  /** The text has been edited. */
  onEdit(): void;
}

/** What text needs; the rest is in later.ts. */
const BASE: Extension = [
  cm.lineNumbers(),
  cm.highlightActiveLineGutter(),
  cm.highlightSpecialChars(),
  history(),
  cm.drawSelection(),
  cm.dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  cm.rectangularSelection(),
  cm.crosshairCursor(),
  cm.highlightActiveLine(),
  keymap.of([...defaultKeymap, ...historyKeymap]),
];

/** Where lines are broken: to scroll sideways is too much on a phone. */
const NARROW = '(max-width: 48rem)';

/** The editor's face to the rest of the page. */
export class Editor {
  readonly #host: HTMLElement;
  readonly #view: EditorView;
  readonly #events: EditorEvents;
  readonly #extras = new Compartment();
  /** What is loaded later, which may fail: then the editor goes on without. */
  readonly #later = import('./later.ts').catch(() => undefined);
  #vocabulary: Vocabulary = { tables: {}, functions: [], pragmas: [] };
  #extensions: Extension = [];

  constructor(host: HTMLElement, events: EditorEvents) {
    this.#host = host;
    this.#events = events;
    const root = host.attachShadow({ mode: 'open' });
    this.#view = new EditorView({ root, parent: root, state: this.newState('') });
    this.propose(this.#vocabulary);
  }

  /** What it proposes. */
  get vocabulary(): Vocabulary {
    return this.#vocabulary;
  }

  get text(): string {
    return this.#view.state.sliceDoc();
  }

  /** Text, selection and what can be undone, of one tab. */
  get state(): EditorState {
    return this.#view.state;
  }

  set state(state: EditorState) {
    this.#view.setState(state);
    this.#extend();
  }

  newState(doc: string): EditorState {
    return EditorState.create({
      doc,
      extensions: [
        this.#keys(),
        TYPING_OVER,
        BASE,
        this.#extras.of(this.#extensions),
        matchMedia(NARROW).matches ? EditorView.lineWrapping : [],
        look(),
        EditorView.updateListener.of(({ docChanged }) => docChanged && this.#events.onEdit()),
      ],
    });
  }

  /** The selection if there is one; else all, or the statement at the caret. */
  excerpt(extent: Extent): Excerpt {
    const { state } = this.#view;
    const { from, to, empty, head } = state.selection.main;
    if (!empty) return { sql: state.sliceDoc(from, to), start: from };
    if (extent === 'all') return { sql: state.sliceDoc(), start: 0 };
    return statementAt(state.sliceDoc(), head) ?? { sql: '', start: 0 };
  }

  /** Replaces the text; the person can undo it. */
  setText(insert: string): void {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert } });
  }

  /** Puts text where the caret is. */
  insert(text: string): void {
    this.#view.dispatch(this.#view.state.replaceSelection(text));
    this.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  /** Proposes these names from now on. */
  propose(vocabulary: Vocabulary): void {
    this.#vocabulary = vocabulary;
    this.#host.dataset['tables'] = String(Object.keys(vocabulary.tables).length);
    void this.#later.then((later) => {
      if (later === undefined || vocabulary !== this.#vocabulary) return;
      this.#extensions = later.extras(vocabulary);
      this.#extend();
    });
  }

  #extend(): void {
    this.#view.dispatch({ effects: this.#extras.reconfigure(this.#extensions) });
  }

  /**
   * Underlines the word at `offset` of what was run, moves the caret there, and says where it is;
   * `undefined` when that text has been edited meanwhile.
   */
  showError(ran: Excerpt, offset: number, message: string): string | undefined {
    const { state } = this.#view;
    const isThere = state.sliceDoc(ran.start, ran.start + ran.sql.length) === ran.sql;
    if (!isThere) return undefined;
    const from = Math.min(ran.start + offset, state.doc.length);
    this.#view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    this.#view.focus();
    this.#mark({ from, to: endOfWord(state, from), severity: 'error', message });
    const line = state.doc.lineAt(from);
    return `line ${line.number}, column ${from - line.from + 1}`;
  }

  clearErrors(): void {
    this.#mark();
  }

  /** Where somebody has typed meanwhile, the place is another one. */
  #mark(...diagnostics: Diagnostic[]): void {
    const { doc } = this.#view.state;
    void this.#later.then((later) => {
      if (doc.eq(this.#view.state.doc)) later?.mark(this.#view, diagnostics);
    });
  }

  #keys() {
    const run = (extent: Extent) => () => {
      this.#events.onRun(extent);
      return true;
    };
    return Prec.highest(
      keymap.of([
        { key: 'Mod-Enter', run: run('all') },
        { key: 'Mod-Shift-Enter', run: run('statement') },
      ]),
    );
  }
}

/** SQLite gives the place where the trouble starts; what is marked goes on to the word's end. */
function endOfWord(state: EditorState, from: number): number {
  const character = state.sliceDoc(from, from + 2).codePointAt(0);
  if (character === undefined) return from;
  return state.wordAt(from)?.to ?? from + String.fromCodePoint(character).length;
}
