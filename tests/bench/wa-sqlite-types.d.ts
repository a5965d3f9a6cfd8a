// The parts of @journeyapps/wa-sqlite that come without types. Read by bench/wa-sqlite.ts and
// bench/page-peer-worker.ts.
declare module '@journeyapps/wa-sqlite/src/examples/OPFSWriteAheadVFS.js' {
  export const OPFSWriteAheadVFS: {
    create(name: string, module: unknown): Promise<SQLiteVFS>;
  };
}

declare module '@journeyapps/wa-sqlite/src/examples/OPFSCoopSyncVFS.js' {
  export const OPFSCoopSyncVFS: {
    create(name: string, module: unknown): Promise<SQLiteVFS>;
  };
}

declare module '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js' {
  export const AccessHandlePoolVFS: {
    create(name: string, module: unknown): Promise<SQLiteVFS>;
  };
}
