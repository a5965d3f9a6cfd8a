// The page's calls home to the harness, except for the command loop: files, peers, uploads.
// It must not know any test.
import type { Cell } from '../wire';

/** Fetches a file of the repository that the harness serves; anything but 200 is an error. */
export async function fetchOk(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
}

export async function fetchJson<T>(path: string): Promise<T> {
  return (await (await fetchOk(path)).json()) as T;
}

export async function fetchBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetchOk(path)).arrayBuffer());
}

export async function post(path: string, body: BodyInit): Promise<Response> {
  const response = await fetch(path, { method: 'POST', body });
  if (!response.ok)
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response;
}

/** Leaves an exported database with the harness, where the native check picks it up. */
export async function keepExport(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await post(`/exports/${encodeURIComponent(name)}`, bytes);
}

export interface PeerCall {
  readonly test: string;
  readonly cell: Cell;
  readonly argument: unknown;
  /** A stricter content security policy for that tab, by its name in harness/policies.ts. */
  readonly policy: string | undefined;
}

export async function askPeer(call: PeerCall): Promise<unknown> {
  const answer = await post('/channel/peer', JSON.stringify(call));
  return ((await answer.json()) as { value: unknown }).value;
}

/** Tells the harness that a transaction is committed; resolves when the harness has noted it. */
export async function acknowledge(database: string, state: number): Promise<void> {
  await post(`/torture/acknowledged?database=${encodeURIComponent(database)}&state=${state}`, '');
}

/** Tells the harness that a writer under torture has failed, which it must not. */
export async function reportFailure(message: string): Promise<void> {
  await post('/torture/failed', message);
}
