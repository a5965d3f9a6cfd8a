// The public entry of the package; re-exports only.

export type { InsertRow, Rows } from './bulk.js';
export type { Change, ChangeListener } from './changes.js';
export { type Database, type DatabaseInfo, open } from './database.js';
export { SqliteError, type SqliteErrorDetails } from './errors.js';
export {
  deleteDatabase,
  type ImportSource,
  importDatabase,
  listDatabases,
  renameDatabase,
} from './files.js';
export type { SqlFunction } from './functions.js';
export type { RowIterator } from './iterate.js';
export type {
  BackupOptions,
  BatchOptions,
  CallOptions,
  EngineOptions,
  Exported,
  ExportOptions,
  FileOptions,
  FunctionOptions,
  GivenWorker,
  ImportOptions,
  InsertOptions,
  IterateOptions,
  OpenOptions,
  RowOptions,
  TransactionOptions,
  TransferOptions,
  TransferProgress,
  VacuumOptions,
  WasmSource,
} from './options.js';
export type { Statement } from './prepared.js';
export type {
  Can,
  Column,
  Context,
  Durable,
  EngineChoice,
  EngineName,
  Holder,
  Int64,
  JournalMode,
  Limits,
  LogLine,
  RunResult,
  Sharing,
  Stats,
  StorageKind,
  TransactionMode,
} from './protocol.js';
export {
  type DatabaseSize,
  requestPersistence,
  type StorageInfo,
  storageInfo,
} from './quota.js';
export type { RowShape } from './rows.js';
export { type Sql, type SqlTag, sql } from './sql.js';
export type {
  BatchResult,
  BatchStatement,
  SqlText,
  Statements,
} from './statements.js';
export type { Transaction, Work } from './transaction.js';
export type { BindValue, Params, Row, SqlValue } from './values.js';
