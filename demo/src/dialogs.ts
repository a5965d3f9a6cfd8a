/**
 * The console's small questions: a name, leave to do what cannot be undone, a list to read.
 * Called by main.ts and the panels; builds its dialogs and takes them away again.
 */
import { button, h } from './dom.ts';

export interface NameQuestion {
  readonly title: string;
  readonly label: string;
  readonly value?: string;
  readonly action: string;
}

/** Asks for a name; `undefined` when the person thinks better of it. */
export function askName({
  title,
  label,
  value = '',
  action,
}: NameQuestion): Promise<string | undefined> {
  const input = h('input', {
    id: 'name-input',
    'data-testid': 'name-input',
    type: 'text',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    required: true,
  });
  input.value = value;
  const submit = h(
    'button',
    { type: 'submit', class: 'primary', 'data-testid': 'name-ok' },
    action,
  );
  const form = h('form', { method: 'dialog' });
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, form);
  form.append(
    h('h2', { id: 'dialog-title' }, title),
    h('label', { for: 'name-input' }, label),
    input,
    buttons(
      button('Cancel', () => dialog.close('')),
      submit,
    ),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    dialog.close(input.value.trim());
  });
  return answer(dialog);
}

export interface Confirmation {
  readonly title: string;
  readonly text: string;
  readonly action: string;
}

/** Asks for leave to do what cannot be undone. */
export async function confirm({ title, text, action }: Confirmation): Promise<boolean> {
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-text' },
    h('h2', { id: 'dialog-title' }, title),
    h('p', { id: 'dialog-text', class: 'dialog-text' }, text),
  );
  dialog.append(
    buttons(
      button('Cancel', () => dialog.close(''), { 'data-testid': 'confirm-cancel' }),
      button(action, () => dialog.close('yes'), { class: 'danger', 'data-testid': 'confirm-ok' }),
    ),
  );
  return (await answer(dialog)) !== undefined;
}

/** Shows something to read. */
export async function show(title: string, ...content: Node[]): Promise<void> {
  const dialog = h('dialog', { class: 'wide', 'aria-labelledby': 'dialog-title' });
  const body = h('div', { class: 'dialog-body', tabindex: 0, role: 'region', 'aria-label': title });
  body.append(...content);
  dialog.append(
    h('h2', { id: 'dialog-title' }, title),
    body,
    buttons(button('Close', () => dialog.close(''), { class: 'primary' })),
  );
  await answer(dialog);
}

function buttons(...children: HTMLElement[]): HTMLElement {
  return h('p', { class: 'dialog-buttons' }, ...children);
}

/** Opens the dialog; gives what it was closed with, `undefined` for nothing or Escape. */
function answer(dialog: HTMLDialogElement): Promise<string | undefined> {
  dialog.returnValue = '';
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue || undefined);
    });
  });
}
