// The two HTTP servers of a run on 127.0.0.1: one for the test pages (files, channel, exports) and
// one for the built demo, each with the production policy and without COOP and COEP.
// It must not know browsers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Cell, Outcome } from '../wire';
import type { Channel } from './channel';
import { answerFile, fileIn, send } from './files';
import { DEMO, PRODUCTION } from './policies';

/** A page wants its second tab to do something. */
export interface PeerRequest {
  readonly test: string;
  readonly cell: Cell;
  readonly argument: unknown;
  readonly policy?: string;
}

/** Hears from writers under torture. */
export interface Witness {
  note(database: string, state: number): void;
  fail(message: string): void;
}

export type PeerHandler = (request: PeerRequest) => Promise<Outcome>;

export interface RunningServer {
  readonly origin: string;
  close(): void;
}

export function serveTests(
  channel: Channel,
  exportsFolder: string,
  askPeer: PeerHandler,
  witness?: Witness,
  isolated = false,
): Promise<RunningServer> {
  return listen((request, response) => {
    if (isolated) isolate(response);
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    route(request, response, url).catch((error: unknown) => plain(response, 500, String(error)));
  });

  async function route(request: IncomingMessage, response: ServerResponse, url: URL) {
    const query = url.searchParams;
    if (url.pathname === '/channel/poll') {
      return channel.poll(query.get('tab') ?? '', query.get('instance') ?? '', response);
    }
    if (request.method !== 'POST') return send(response, answerFile(url));
    const body = await bodyOf(request);
    if (url.pathname === '/channel/done') {
      channel.done(Number(query.get('number')), JSON.parse(body.toString()) as Outcome);
      return plain(response, 200, 'thank you');
    }
    if (url.pathname === '/torture/acknowledged') {
      witness?.note(query.get('database') ?? '', Number(query.get('state')));
      return plain(response, 200, 'noted');
    }
    if (url.pathname === '/torture/failed') {
      witness?.fail(body.toString());
      return plain(response, 200, 'noted');
    }
    if (url.pathname === '/channel/peer') {
      const outcome = await askPeer(JSON.parse(body.toString()) as PeerRequest);
      const status = outcome.ok ? 200 : 500;
      return plain(response, status, outcome.ok ? JSON.stringify(outcome) : outcome.message);
    }
    const kept = /^\/exports\/([\w.-]+)$/.exec(url.pathname);
    if (kept === null) return plain(response, 404, 'nothing takes this');
    mkdirSync(exportsFolder, { recursive: true });
    writeFileSync(join(exportsFolder, kept[1] ?? ''), body);
    return plain(response, 200, 'kept');
  }
}

/** Lets a page measure its memory, and that of its workers. */
function isolate(response: ServerResponse): void {
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-embedder-policy', 'require-corp');
}

/** The demo as `cargo xtask demo` serves it: plain files at the root. */
export function serveDemo(): Promise<RunningServer> {
  return listen((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    send(response, { ...fileIn('demo/dist/', url.pathname.slice(1)), policy: DEMO });
  });
}

export async function listen(listener: RequestListener): Promise<RunningServer> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export function plain(response: ServerResponse, status: number, body: string): void {
  if (response.headersSent) return;
  send(response, { status, type: 'text/plain', body, policy: PRODUCTION });
}
