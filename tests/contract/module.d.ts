// The contract's module as crates/twin makes it (tests/contract-wasm): what tests call of it.
declare module 'contract-module' {
  /** The exports of tests/contract/wasm; what rejects or throws is a text, `CODE: message`. */
  export interface Instance {
    run_case(synchronous: boolean, prefix: string, name: string): Promise<string | undefined>;
    run_machine(
      synchronous: boolean,
      prefix: string,
      steps: number,
      seed: number,
    ): Promise<string | undefined>;
    install(files: readonly string[], create: boolean): Promise<void>;
    query_here(file: string, sql: string, question: string): string;
    query_in_run(file: string, sql: string, question: string): Promise<string>;
    /** Keeps a connection, after it has run SQL, until another one takes its place. */
    hold(file: string, sql: string): void;
    query_held(question: string): string;
    panic_in_run(): Promise<string>;
    try_features(file: string): Promise<string>;
    build(): string[];
  }

  export function instance(options: { engine: 'auto' | 'jspi' | 'asyncify' }): Promise<Instance>;
}
