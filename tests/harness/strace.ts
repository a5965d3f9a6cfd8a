// Follows running processes with strace and reads what it wrote: which system calls touched which
// files, when. probe.ts calls it. It must not know what the calls are looked at for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Calls that change a file, its name or its durability. */
const CALLS = [
  ...['fsync', 'fdatasync', 'sync_file_range', 'syncfs', 'sync', 'msync'],
  ...['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'ftruncate', 'truncate', 'fallocate'],
  ...['copy_file_range', 'sendfile', 'splice', 'link', 'linkat', 'symlink', 'symlinkat', 'open'],
  ...['openat', 'creat', 'rename', 'renameat', 'renameat2', 'unlink', 'unlinkat'],
  ...['mkdir', 'mkdirat'],
];

/** One system call that succeeded, on a file with a path. */
export interface Call {
  /** Seconds since 1970, when it began. */
  readonly at: number;
  readonly name: string;
  /** The file that is changed; of a rename the new name. */
  readonly path: string;
}

export interface Trace {
  /** Lets the processes go and resolves to the calls. */
  stop(): Promise<readonly Call[]>;
}

/** Resolves once all threads of these processes are followed. */
export async function trace(pids: readonly number[], file: string): Promise<Trace> {
  const args = ['-f', '-ttt', '-y', '-s', '0', '-e', 'signal=none'];
  const calls = ['-e', `trace=${CALLS.join()}`, '-o', file];
  const child = spawn('strace', [...args, ...calls, ...pids.flatMap((pid) => ['-p', `${pid}`])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const attached = new Set<number>();
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    ended.then(() => reject(new Error(`strace ended: ${said.join(' ')}`)), reject);
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      const pid = Number(/^strace: Process (\d+) attached/.exec(line)?.[1] ?? 0);
      attached.add(pid);
      if (pids.every((wanted) => attached.has(wanted))) resolve();
    });
  });
  return {
    async stop() {
      child.kill('SIGINT');
      await ended;
      return parse(readFileSync(file, 'utf8'));
    },
  };
}

/** A call that another thread interrupted in the listing is put together again. */
export function parse(text: string): Call[] {
  const begun = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of text.split('\n')) {
    const [, thread = '', at = '', rest = ''] = /^(\d+)\s+([\d.]+) (.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, `${at} ${rest.slice(0, -' <unfinished ...>'.length)}`);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const whole = resumed === null ? `${at} ${rest}` : `${begun.get(thread) ?? ''}${resumed[1]}`;
    const call = parseCall(whole);
    if (call !== undefined) calls.push(call);
  }
  return calls.sort((a, b) => a.at - b.at);
}

/** Of an open, only one that makes or empties a file counts. */
function parseCall(line: string): Call | undefined {
  const found = /^([\d.]+) (\w+)\((.*)\)\s+= (-?\d+)/.exec(line);
  if (found === null || found[4]?.startsWith('-') === true) return undefined;
  const [, at = '', name = '', words = ''] = found;
  if (/^(open|openat)$/.test(name) && !/O_CREAT|O_TRUNC/.test(words)) return undefined;
  const named = /^(open|openat|creat|rename|unlink|link|mkdir|symlink)/.test(name);
  const pattern = named ? /"([^"]*)"/g : /\d<(\/[^>]*)>/g;
  const paths = [...words.matchAll(pattern)];
  const path = (name === 'sendfile' ? paths[0] : paths.at(-1))?.[1];
  return path === undefined ? undefined : { at: Number(at), name, path };
}
