/**
 * Files that are chosen or dropped onto the page. Called by main.ts; must not know what they are.
 */

/** Calls back with the files chosen through `button` and `input`, or dropped onto the page. */
export function onFiles(
  button: HTMLButtonElement,
  input: HTMLInputElement,
  dropHint: HTMLElement,
  receive: (files: readonly File[]) => void,
): void {
  input.multiple = true;
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    input.value = '';
    if (files.length > 0) receive(files);
  });
  listenForDrops(dropHint, receive);
}

/** Listens ahead of the editor, which would take a dropped file's bytes for text. */
function listenForDrops(hint: HTMLElement, receive: (files: readonly File[]) => void): void {
  const take = (event: DragEvent): boolean => {
    const carriesFiles = event.dataTransfer?.types.includes('Files') ?? false;
    if (carriesFiles) {
      event.preventDefault();
      event.stopPropagation();
    }
    return carriesFiles;
  };
  const onDragOver = (event: DragEvent) => {
    hint.hidden = !take(event);
  };
  const onDragLeave = (event: DragEvent) => {
    if (event.relatedTarget === null) hint.hidden = true;
  };
  const onDrop = (event: DragEvent) => {
    hint.hidden = true;
    const files = take(event) ? [...(event.dataTransfer?.files ?? [])] : [];
    if (files.length > 0) receive(files);
  };
  addEventListener('dragover', onDragOver, { capture: true });
  addEventListener('dragleave', onDragLeave, { capture: true });
  addEventListener('drop', onDrop, { capture: true });
}
