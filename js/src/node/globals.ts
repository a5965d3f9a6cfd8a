// What an engine in place uses of a browser, where there is none. build.mjs puts these in the place
// of the globals of the same names, within node.js alone: no global is patched. It must not know
// who uses them.

import { readFile } from 'node:fs/promises';

export { Channel as BroadcastChannel } from './channel.js';
export { navigator } from './place.js';

/** Reads a file of the package. */
export async function fetch(url: URL): Promise<Response> {
  const headers = { 'content-type': 'application/wasm' };
  return new Response(await readFile(url), { headers });
}
