// What the harness asks of the page for rusqlite's own tests: types only.

/** Where databases are that a test wants in memory, and how many files there are for them. */
export interface SuiteRequest {
  readonly storage: 'memory' | 'opfs';
  readonly files: number;
}
