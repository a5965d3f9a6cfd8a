/**
 * Files on their way in and out of the page: the sample, a chosen or dropped file, a download.
 * Called by main.ts; must not know which database is open.
 */

/** The sample's name, both as a file beside the page and as a database. */
export const SAMPLE_NAME = 'chinook.sqlite';

/** Long enough for any browser to have taken hold of a download's blob. */
const DOWNLOAD_START_MS = 60_000;

/** What to look at first in the sample. */
export const SAMPLE_QUERY = `-- Which artists sell best?
SELECT
  Artist.Name AS artist,
  count(*) AS tracks_sold,
  round(sum(InvoiceLine.UnitPrice * InvoiceLine.Quantity), 2) AS revenue
FROM InvoiceLine
JOIN Track USING (TrackId)
JOIN Album USING (AlbumId)
JOIN Artist USING (ArtistId)
GROUP BY ArtistId
ORDER BY revenue DESC
LIMIT 20;
`;

/** Fetches the Chinook database that lies beside the page. */
export async function fetchSample(): Promise<Blob> {
  const response = await fetch(new URL(SAMPLE_NAME, document.baseURI));
  if (!response.ok) {
    throw new Error(`The sample could not be fetched: ${response.url} gave ${response.status}.`);
  }
  return response.blob();
}

/** Calls back with each file chosen through `button` and `input`, or dropped onto the page. */
export function onFile(
  button: HTMLButtonElement,
  input: HTMLInputElement,
  dropHint: HTMLElement,
  receive: (file: File) => void,
): void {
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file !== undefined) receive(file);
    input.value = '';
  });
  listenForDrops(dropHint, receive);
}

/** Listens ahead of the editor, which would take a dropped file's bytes for text. */
function listenForDrops(hint: HTMLElement, receive: (file: File) => void): void {
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
    const file = take(event) ? event.dataTransfer?.files[0] : undefined;
    if (file !== undefined) receive(file);
  };
  addEventListener('dragover', onDragOver, { capture: true });
  addEventListener('dragleave', onDragLeave, { capture: true });
  addEventListener('drop', onDrop, { capture: true });
}

/** Hands `bytes` to the person as a download called like the database. */
export function download(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/vnd.sqlite3' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name.slice(name.lastIndexOf('/') + 1);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_START_MS);
}
