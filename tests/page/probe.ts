// What `cargo xtask probe-medium` has a browser do to OPFS, one step a command, so that the system
// calls of each can be told apart. Runs in a dedicated worker; harness/probe.ts asks for the steps.
// It must not use the library: this is about the medium below it.
import { PROBE_STEPS } from '../wire';
import { settle } from './settle';
import type { AccessHandle, FullFileHandle } from './opfs';

type StepName = (typeof PROBE_STEPS)[number];

/** What a step needs of the steps before it. */
interface Kept {
  file?: FullFileHandle;
  access?: AccessHandle;
  writable?: FileSystemWritableFileStream;
  database?: IDBDatabase;
}

const PAGE = new Uint8Array(4096).fill(7);
const kept: Kept = {};

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the step that makes ${what} has failed`);
  return value;
}

const STEPS: Record<StepName, () => Promise<unknown>> = {
  async 'first use'() {
    const root = await navigator.storage.getDirectory();
    await root.getFileHandle('probe-first', { create: true });
  },
  async 'create file'() {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('probe-folder', { create: true });
    const file = await folder.getFileHandle('probe-file', { create: true });
    kept.file = file as FullFileHandle;
  },
  async 'writable: open'() {
    const file = need(kept.file, 'the file');
    kept.writable = await file.createWritable({ keepExistingData: true });
  },
  async 'writable: write'() {
    await need(kept.writable, 'the writable').write({ type: 'write', position: 0, data: PAGE });
  },
  async 'writable: close'() {
    await need(kept.writable, 'the writable').close();
  },
  async 'access handle: open'() {
    const root = await navigator.storage.getDirectory();
    // A name of its own: where the call fails it may leave the file locked.
    const file = await root.getFileHandle('probe-first');
    kept.access = await (file as FullFileHandle).createSyncAccessHandle();
  },
  async 'access handle: write'() {
    need(kept.access, 'the access handle').write(PAGE, { at: 0 });
  },
  async 'access handle: flush'() {
    need(kept.access, 'the access handle').flush();
  },
  async 'access handle: truncate'() {
    need(kept.access, 'the access handle').truncate(512);
  },
  async 'access handle: flush after truncate'() {
    need(kept.access, 'the access handle').flush();
  },
  async 'access handle: write, then close'() {
    const access = need(kept.access, 'the access handle');
    access.write(PAGE, { at: 4096 });
    access.close();
  },
  async 'second file'() {
    const root = await navigator.storage.getDirectory();
    const target = await root.getFileHandle('probe-target', { create: true });
    const writable = await target.createWritable();
    await writable.write(PAGE.slice(0, 100));
    await writable.close();
  },
  async 'move onto another file'() {
    const root = await navigator.storage.getDirectory();
    await need(kept.file, 'the file').move(root, 'probe-target');
  },
  async remove() {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry('probe-target');
  },
  async 'IndexedDB: open'() {
    kept.database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('probe');
      request.onupgradeneeded = () => request.result.createObjectStore('store');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  },
  'IndexedDB: relaxed put': () => put('relaxed'),
  'IndexedDB: strict put': () => put('strict'),
};

function put(durability: 'relaxed' | 'strict'): Promise<void> {
  const database = need(kept.database, 'the IndexedDB');
  return new Promise((resolve, reject) => {
    const transaction = database.transaction('store', 'readwrite', { durability });
    transaction.objectStore('store').put(PAGE, durability);
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
  });
}

interface Request {
  readonly step: StepName;
  readonly port: MessagePort;
}

self.addEventListener('message', (event) => {
  const { step, port } = event.data as Request;
  void settle(STEPS[step]).then((outcome) => port.postMessage(outcome));
});
