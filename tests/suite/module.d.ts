// rusqlite's tests as crates/xtask builds them (target/suite/pkg): what the page calls of them.
declare module 'suite-module' {
  export function instance(options: { engine: 'jspi' | 'asyncify' }): Promise<{
    /** From then on tests get files; rejects with a text. */
    suite_on_files(count: number): Promise<void>;
    suite_run(): Promise<boolean>;
  }>;
}
