// Static files over HTTP: what lies where, under which type and policy, and the folders in which
// something is broken or scarce on purpose. server.ts calls it; it must not know tests or browsers.
import { readFileSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { capped } from './capped';
import { ROOT } from './options';
import { PRODUCTION, policy } from './policies';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** URL prefix to folder of the repository; the first that fits serves. */
const FOLDERS: readonly (readonly [string, string])[] = [
  ['/anchorite/', 'js/dist/'],
  ['/page/', 'tests/dist/page/'],
  ['/client/', 'tests/client-wasm/'],
  ['/contract/', 'tests/contract-wasm/'],
  ['/tests/data/', 'tests/data/'],
  ['/demo/public/', 'demo/public/'],
  ['/target/', 'target/'],
];

const SPA_FALLBACK = '<!doctype html><title>The start page of some app</title>';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer | string;
  readonly policy: string;
  /** For the library's own files, which browsers keep compiled while they keep them at all. */
  readonly lasts?: boolean;
}

export function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-security-policy': answer.policy,
    'cache-control': answer.lasts ? 'max-age=3600' : 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(answer.body);
}

/** The test server's answer to a GET of a file. */
export function answerFile(url: URL): Answer {
  if (url.pathname === '/') return startPage(url);
  const broken = /^\/broken\/([^/]+)\/(.+)$/.exec(url.pathname);
  if (broken !== null) return brokenFile(broken[1] ?? '', broken[2] ?? '');
  const limited = /^\/capped\/(\d+)\/(.+)$/.exec(url.pathname);
  if (limited !== null) return cappedFile(Number(limited[1]), limited[2] ?? '');
  const found = FOLDERS.find(([prefix]) => url.pathname.startsWith(prefix));
  if (found === undefined) return notFound(url.pathname);
  const file = fileIn(found[1], url.pathname.slice(found[0].length));
  return { ...file, lasts: file.status === 200 && found[0] === '/anchorite/' };
}

/** A file of one folder of the repository; the folder's index.html for the bare folder. */
export function fileIn(folder: string, name: string): Answer {
  const path = normalize(decodeURIComponent(name === '' ? 'index.html' : name));
  const full = join(ROOT, folder, path);
  if (path.startsWith('..') || !statSync(full, { throwIfNoEntry: false })?.isFile()) {
    return notFound(`${folder}${name}`);
  }
  const type = TYPES[extname(full)] ?? 'application/octet-stream';
  return { status: 200, type, body: readFileSync(full), policy: PRODUCTION };
}

function startPage(url: URL): Answer {
  const page = url.searchParams.has('torture') ? 'torture/tab.html' : '';
  return { ...fileIn('tests/page/', page), policy: policy(url.searchParams.get('policy')) };
}

/** js/dist with one thing wrong, or another one, named by the folder it is asked for under. */
function brokenFile(fault: string, name: string): Answer {
  const isWorker = name === 'worker.js';
  const isWasm = name.endsWith('.wasm');
  if (fault === 'stock' && isWorker) return fileIn('tests/dist/stock/', name);
  if (fault === 'stock' && isWasm) return fileIn('tests/stock-wasm/', name);
  const file = fileIn('js/dist/', name);
  switch (fault) {
    case 'worker-404':
      return isWorker ? notFound(name) : file;
    case 'worker-html':
      return isWorker ? html() : file;
    case 'stock':
      return file;
    case 'no-broadcast':
      return isWorker ? { ...file, body: `delete globalThis.BroadcastChannel;${file.body}` } : file;
    case 'shared-404':
      return name === 'shared.js' ? notFound(name) : file;
    case 'owned-404':
      return name === 'owned.js' ? notFound(name) : file;
    case 'wasm-404':
      return isWasm ? notFound(name) : file;
    case 'wasm-html':
      return isWasm ? html() : file;
    case 'wasm-cut':
      return isWasm ? { ...file, body: file.body.slice(0, 1000) } : file;
    case 'no-wasm':
    case 'no-connect':
      return isWorker ? { ...file, policy: policy(fault) } : file;
    default:
      return notFound(`/broken/${fault}`);
  }
}

/** js/dist with modules that get so much memory and no more. */
function cappedFile(maximumMib: number, name: string): Answer {
  const file = fileIn('js/dist/', name);
  if (file.status !== 200 || !name.endsWith('.wasm')) return file;
  return { ...file, body: capped(Buffer.from(file.body), maximumMib) };
}

function html(): Answer {
  return { status: 200, type: TYPES['.html'] ?? '', body: SPA_FALLBACK, policy: PRODUCTION };
}

function notFound(what: string): Answer {
  return { status: 404, type: 'text/plain', body: `no ${what} here`, policy: PRODUCTION };
}
