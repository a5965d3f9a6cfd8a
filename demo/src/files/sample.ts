/**
 * Two samples: Chinook, which lies beside the page, and a large one, which SQL makes here.
 * Called by main.ts and the Files panel.
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

/** The large sample's name. */
export const LARGE_NAME = 'measurements.sqlite';

/** A million measurements of 50 stations, the same each time. */
export const LARGE_SQL = `
  BEGIN;
  DROP TABLE IF EXISTS measurement;
  CREATE TABLE measurement (
    id INTEGER PRIMARY KEY, station TEXT NOT NULL, at TEXT NOT NULL, celsius REAL NOT NULL
  );
  WITH RECURSIVE series(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM series WHERE i < 999999)
  INSERT INTO measurement (station, at, celsius)
  SELECT
    printf('station %02d', i % 50),
    datetime(1704067200 + i / 50 * 1800, 'unixepoch'),
    round(12 + 9 * sin(i / 50 / 2800.0) + 4 * sin(i / 50 / 7.6) + i * 7919 % 31 / 10.0, 1)
  FROM series;
  CREATE INDEX measurement_by_station ON measurement (station, at);
  COMMIT;
`;

/** What to look at first in it. */
export const LARGE_QUERY = `-- How warm was each month?
SELECT substr(at, 1, 7) AS month, round(avg(celsius), 2) AS mean, min(celsius) AS low,
  max(celsius) AS high
FROM measurement
GROUP BY month;
`;
