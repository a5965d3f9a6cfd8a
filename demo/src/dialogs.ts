/**
 * The two questions the console asks: a name for a new database, and leave to replace one.
 * Called by main.ts; knows only its own elements of the page.
 */

/** Asks for a file name; `undefined` when the person thinks better of it. */
export function askName(): Promise<string | undefined> {
  const dialog = find('name-dialog', HTMLDialogElement);
  const input = find('name-input', HTMLInputElement);
  const form = find('name-form', HTMLFormElement);
  input.value = '';
  form.onsubmit = (event) => {
    event.preventDefault();
    dialog.close(input.value.trim());
  };
  find('name-cancel', HTMLButtonElement).onclick = () => dialog.close('');
  return answer(dialog);
}

/** Asks whether the database `name` may be replaced. */
export async function mayReplace(name: string): Promise<boolean> {
  const dialog = find('replace-dialog', HTMLDialogElement);
  find('replace-text', HTMLElement).textContent =
    `A database named “${name}” is kept in this browser. ` +
    'Replacing it deletes what it holds now; that cannot be undone.';
  find('replace-cancel', HTMLButtonElement).onclick = () => dialog.close('');
  find('replace-ok', HTMLButtonElement).onclick = () => dialog.close('replace');
  return (await answer(dialog)) !== undefined;
}

/** Finds an element that index.html is sure to hold. */
export function find<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} “${id}”.`);
  return element;
}

/** Opens the dialog; gives what it was closed with, `undefined` for nothing or Escape. */
function answer(dialog: HTMLDialogElement): Promise<string | undefined> {
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue || undefined);
  });
}
