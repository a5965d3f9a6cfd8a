// What system calls say about a medium: which of them concern file contents, names or IndexedDB,
// what follows from them, and the tables that show it. probe.ts calls it; it starts nothing.
import type { Browser } from '../wire';
import type { Call } from './strace';

/** What a call is about. `staged`: a new content that is not at the file's place yet. */
type Subject = 'content' | 'names' | 'staged' | 'IndexedDB';

interface Classified {
  readonly at: number;
  readonly name: string;
  readonly subject: Subject;
}

export interface Step {
  readonly name: string;
  readonly failure: string | undefined;
  /** `late`: after the browser had answered. */
  readonly calls: readonly (Classified & { readonly late: boolean })[];
}

export interface Conclusion {
  readonly accessHandles: 'power-loss' | 'process' | 'none';
  readonly writables: 'power-loss' | 'process';
  readonly names: 'power-loss' | 'process';
}

export interface Medium extends Conclusion {
  readonly version: string;
  readonly steps: readonly Step[];
}

/** Where each engine keeps what; the first pattern that fits says what a path is. */
const PLACES: Record<Browser, readonly (readonly [RegExp, Subject | undefined])[]> = {
  chromium: [
    [/\/File System\/.*\/t\/\d\d(\/\d+)?$/, 'content'],
    [/\/File System\/.*(\/\.usage|\/LOG|\/LOCK)$/, undefined],
    [/\/File System\/(.*\/)?(Paths|Origins)(\/|$)/, 'names'],
    [/\/IndexedDB\/.*(\/LOG|\/LOCK)$/, undefined],
    [/\/IndexedDB\//, 'IndexedDB'],
  ],
  firefox: [
    [/\/fs\/[A-Z2-7]{2}(\/|$)/, 'content'],
    [/\/fs(\/metadata\.sqlite(-journal|-wal)?)?$/, 'names'],
    [/\/idb(\/|$)/, 'IndexedDB'],
  ],
  webkit: [
    [/\/FileSystemWritableStream-/, 'staged'],
    [/\/FileSystem(\/|$)/, 'content'],
    [/\/indexeddb\/.*-shm$/, undefined],
    [/\/indexeddb\//, 'IndexedDB'],
  ],
};

const SYNCS = ['fsync', 'fdatasync', 'sync_file_range', 'syncfs', 'sync', 'msync'];

/** Those calls that concern what a page keeps. */
export function classify(browser: Browser, calls: readonly Call[]): Classified[] {
  return calls.flatMap(({ at, name, path }) => {
    const place = PLACES[browser].find(([pattern]) => pattern.test(path))?.[1];
    if (place === undefined) return [];
    // Where files lie under their own names, the directory is the store of names.
    const renames = /^(rename|unlink|mkdir)/.test(name) && browser === 'webkit';
    return [{ at, name, subject: renames ? 'names' : place }];
  });
}

/** A promise holds where the sync was seen before the answer, in every step that needs it. */
export function conclude(steps: readonly Step[]): Conclusion {
  const synced = (name: string, subject: Subject) =>
    steps
      .find((step) => step.name === name)
      ?.calls.some((call) => call.subject === subject && !call.late && SYNCS.includes(call.name)) ??
    false;
  const promise = (holds: boolean) => (holds ? 'power-loss' : 'process');
  const flushes = ['access handle: flush', 'access handle: flush after truncate'];
  const opened = steps.some((step) => step.name === flushes[0] && step.failure === undefined);
  const changes = ['create file', 'move onto another file', 'remove'];
  return {
    accessHandles: opened ? promise(flushes.every((name) => synced(name, 'content'))) : 'none',
    writables: promise(synced('writable: close', 'content')),
    names: promise(changes.every((name) => synced(name, 'names'))),
  };
}

/** Steps that only prepare the next one. */
const UNSHOWN = ['first use', 'second file', 'IndexedDB: open'];

export function tables(media: readonly Medium[]): string {
  const versions = media.map(({ version }) => version);
  const names = media[0]?.steps.map(({ name }) => name) ?? [];
  const shown = names.filter((name) => !UNSHOWN.includes(name));
  const calls = shown.map((name) => [
    name,
    ...media.map(({ steps }) => cell(steps.find((step) => step.name === name))),
  ]);
  const conclusions = [
    ['`flush()` of an access handle', ...media.map((medium) => medium.accessHandles)],
    ['`close()` of a writable', ...media.map((medium) => medium.writables)],
    ['names', ...media.map((medium) => medium.names)],
  ];
  const shows = table(['step', ...versions], calls);
  return `${shows}\n\n${table(['survives', ...versions], conclusions)}`;
}

/** The calls of a step by subject, each once, in their order; syncs stand out. */
function cell(step: Step | undefined): string {
  if (step === undefined || step.failure !== undefined) return 'not to be had';
  const parts = (['content', 'staged', 'names', 'IndexedDB'] as const).flatMap((subject) => {
    const names = step.calls
      .filter((call) => call.subject === subject)
      .map(({ name, late }) => {
        const shown = SYNCS.includes(name) ? `**${name}**` : name;
        return late ? `${shown} (later)` : shown;
      });
    return names.length === 0 ? [] : [`${subject}: ${[...new Set(names)].join(', ')}`];
  });
  return parts.length === 0 ? 'nothing' : parts.join('; ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
