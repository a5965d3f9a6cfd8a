// The public entry of the package; re-exports only.

export type { Change, ChangeListener } from './changes.js';
export { type Database, type DatabaseInfo, open } from './database.js';
export { SqliteError } from './errors.js';
export {
  deleteDatabase,
  type ImportSource,
  importDatabase,
  listDatabases,
  renameDatabase,
} from './files.js';
export type { EngineOptions, ImportOptions, OpenOptions, VacuumOptions } from './options.js';
export type {
  Context,
  Durable,
  EngineChoice,
  EngineName,
  JournalMode,
  Sharing,
  StorageKind,
} from './protocol.js';
export type { BindValue, Params, Row, SqlValue } from './values.js';
