/**
 * The keyboard: what keys do anywhere in the page, and the list of all keys. Called by main.ts.
 * Keys within the editor and the grid are those parts' own, and only listed here.
 */
import { show } from './dialogs.ts';
import { h } from './dom.ts';

/** What a key does; `code` is the key's place, so that Alt may change its letter. */
export interface Shortcut {
  readonly code: string;
  readonly alt?: boolean;
  readonly shift?: boolean;
  readonly keys: string;
  readonly words: string;
  readonly act: () => void;
}

type Line = readonly [keys: string, words: string];

const ELSEWHERE: readonly (readonly [where: string, lines: readonly Line[]])[] = [
  [
    'In the editor',
    [
      ['Ctrl Enter', 'run the selection, or everything'],
      ['Ctrl Shift Enter', 'run the statement at the caret'],
      ['Ctrl Space', 'propose names; Enter takes one'],
      ['Ctrl F', 'find and replace'],
      ['Ctrl Z, Ctrl Y', 'undo, and do again'],
      ['Ctrl /', 'make a comment of the line, or none'],
      ['Alt ↑ ↓', 'move the line'],
    ],
  ],
  [
    'In rows',
    [
      ['Arrows, Page, Home, End', 'move; with Ctrl, to the corners'],
      ['Enter', 'open the cell; in the head: sort by the column'],
      ['Alt ← →', 'make the column narrower or wider'],
      ['Ctrl C', 'copy the cell'],
    ],
  ],
  [
    'In the rows of a table',
    [
      ['Enter', 'edit the cell'],
      ['Space', 'select the row, or not; with Shift and an arrow: all on the way'],
      ['Ctrl A', 'select all rows of the page; Escape: none'],
      ['Insert', 'insert a row'],
      ['Ctrl Enter', 'in a new row: insert it, and go on with another'],
      ['Delete', 'delete the rows that are selected, or else the row'],
    ],
  ],
  ['In tabs', [['← →', 'the next one']]],
];

/** Listens for keys; an open dialog has them to itself. */
export function listenToKeys(shortcuts: readonly Shortcut[]): void {
  addEventListener('keydown', (event) => {
    if (document.querySelector('dialog[open]') !== null) return;
    const { code, altKey, shiftKey, ctrlKey, metaKey } = event;
    if (ctrlKey || metaKey) return;
    const found = shortcuts.find(
      (key) =>
        key.code === code && (key.alt ?? false) === altKey && (key.shift ?? false) === shiftKey,
    );
    if (found === undefined) return;
    event.preventDefault();
    found.act();
  });
}

/** Shows the list. */
export function showKeys(shortcuts: readonly Shortcut[]): void {
  const anywhere = shortcuts.map(({ keys, words }): Line => [keys, words]);
  const lists = [...ELSEWHERE, ['Anywhere', anywhere] as const].flatMap(([where, lines]) => [
    h('h3', {}, where),
    h('dl', { class: 'key-list' }, ...lines.map(keyLine)),
  ]);
  void show('Keyboard', ...lists);
}

function keyLine([keys, words]: Line): HTMLElement {
  return h('div', {}, h('dt', {}, h('kbd', {}, keys)), h('dd', {}, words));
}
