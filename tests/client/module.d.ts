// The Rust client's module as crates/xtask makes it (tests/client-wasm): what tests call of it.
declare module 'client-module' {
  /** Loads the module, once. */
  export default function init(from: { module_or_path: string }): Promise<unknown>;
  /** Each rejects with a text. */
  export function run_case(name: string, prefix: string): Promise<void>;
  export function count_up(file: string, times: number): Promise<number>;
  export function open_from(folder: string): Promise<void>;
}
