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

const ELSEWHERE = [
  ['Ctrl Enter', 'run the selection, or everything'],
  ['Ctrl Shift Enter', 'run the statement at the caret'],
  ['Ctrl Space', 'propose names; Enter takes one'],
  ['Ctrl F', 'find and replace in the editor'],
  ['Arrows, Page, Home, End', 'move in the grid; with Ctrl, to its corners'],
  ['Enter', 'in the grid: open a cell; in its head: sort by the column'],
  ['Alt ← →', 'in the grid: make the column narrower or wider'],
  ['Ctrl C', 'in the grid: copy the cell'],
  ['Space', 'in a table: select the row, or not; with Shift and an arrow: all on the way'],
  ['Ctrl A', 'in a table: select all rows of the page; Escape: none'],
  ['Insert', 'in a table: insert a row'],
  ['Ctrl Enter', 'in a new row: insert it, and go on with another'],
  ['Delete', 'in a table: delete the rows that are selected, or else the row'],
  ['← →', 'in tabs: the next one'],
] as const;

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
  const all = [...ELSEWHERE, ...shortcuts.map(({ keys, words }) => [keys, words] as const)];
  const lines = all.map(([keys, words]) =>
    h('div', {}, h('dt', {}, h('kbd', {}, keys)), h('dd', {}, words)),
  );
  void show('Keyboard', h('dl', { class: 'key-list' }, ...lines));
}
