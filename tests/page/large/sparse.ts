// A database beyond 4 GiB that takes no time and hardly any disk: small, then grown by hand, with
// every page that was added on the list of free ones. Used by tests with sync handles.
// It must not know the library; the format is that of sqlite.org/fileformat2.html.
import type { AccessHandle, FullFileHandle } from '../opfs';

export const SPARSE_PAGE_SIZE = 65536;

/** Where the second 4 GiB begin. */
export const FAR = 2 ** 32;

/** The first page of them; pages count from 1. */
const FIRST_FAR_PAGE = FAR / SPARSE_PAGE_SIZE + 1;

/** Pages beyond 4 GiB: 64 MiB. */
const FAR_PAGES = 1024;

/** SQLite's locks live at 1 GiB; the page there is never used. */
const LOCK_PAGE = 2 ** 30 / SPARSE_PAGE_SIZE + 1;

/** A trunk page names the next trunk, a count, and so many free pages; it could hold 16382. */
const LEAVES = 16_000;

const HEADER = { pageCount: 28, firstTrunk: 32, freePages: 36 } as const;

/**
 * Grows a closed database of 64 KiB pages to 4 GiB and 64 MiB. The free pages beyond 4 GiB stand
 * first in the list, so that they are the first to be used.
 */
export async function growBeyond4Gib(path: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const file = (await root.getFileHandle(path)) as FullFileHandle;
  const handle = await file.createSyncAccessHandle();
  try {
    grow(handle);
    handle.flush();
  } finally {
    handle.close();
  }
}

function grow(handle: AccessHandle): void {
  const before = handle.getSize() / SPARSE_PAGE_SIZE;
  const last = FIRST_FAR_PAGE - 1 + FAR_PAGES;
  const far = range(FIRST_FAR_PAGE, last);
  const near = range(before + 1, FIRST_FAR_PAGE - 1).filter((page) => page !== LOCK_PAGE);
  const groups = [far, ...inGroups(near, LEAVES + 1)];
  handle.truncate(last * SPARSE_PAGE_SIZE);
  groups.forEach(([trunk = 0, ...leaves], index) => {
    const next = groups[index + 1]?.[0] ?? 0;
    writeNumbers(handle, (trunk - 1) * SPARSE_PAGE_SIZE, [next, leaves.length, ...leaves]);
  });
  writeNumbers(handle, HEADER.pageCount, [last]);
  writeNumbers(handle, HEADER.firstTrunk, [far[0] ?? 0]);
  writeNumbers(handle, HEADER.freePages, [far.length + near.length]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function inGroups(pages: readonly number[], size: number): number[][] {
  const count = Math.ceil(pages.length / size);
  return Array.from({ length: count }, (_, index) => pages.slice(index * size, (index + 1) * size));
}

/** 32 bits each, big-endian. */
function writeNumbers(handle: AccessHandle, at: number, numbers: readonly number[]): void {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setUint32(index * 4, number));
  handle.write(bytes, { at });
}
