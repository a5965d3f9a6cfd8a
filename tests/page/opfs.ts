// Those parts of OPFS that TypeScript's types of a window leave out. Types only.

/** Dedicated workers have it. */
export interface AccessHandle {
  read(buffer: Uint8Array<ArrayBuffer>, options?: { at: number }): number;
  write(data: Uint8Array<ArrayBuffer>, options?: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** A file handle with all its methods. */
export type FullFileHandle = FileSystemFileHandle & {
  createSyncAccessHandle(): Promise<AccessHandle>;
  move(directory: FileSystemDirectoryHandle, name: string): Promise<void>;
};
