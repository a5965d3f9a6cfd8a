/**
 * The Chinook sample, which lies beside the page. Called by main.ts and the Files panel.
 */

/** The sample's name, both as a file beside the page and as a database. */
export const SAMPLE_NAME = 'chinook.sqlite';

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
export async function fetchSample(signal: AbortSignal): Promise<Blob> {
  const response = await fetch(new URL(SAMPLE_NAME, document.baseURI), { signal });
  if (!response.ok) {
    throw new Error(`The sample could not be fetched: ${response.url} gave ${response.status}.`);
  }
  return response.blob();
}
