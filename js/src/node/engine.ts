// The engine in place, as a part of the package like local.ts, for Node: it says that its files are
// in a directory. Used by index.ts.

import { LocalEngine as InPlace, type LocalReply } from '../local.js';
import type { Opened, Request } from '../protocol.js';
import type { CallPage } from '../worker/host.js';

/** An engine in this thread. */
export class LocalEngine extends InPlace {
  override async handle(
    request: Request,
    signal: AbortSignal | undefined,
    callPage: CallPage,
  ): Promise<LocalReply> {
    const reply = await super.handle(request, signal, callPage);
    if (request.operation !== 'open' || 'error' in reply) {
      return reply;
    }
    const opened = reply.value as Opened;
    return opened.storage === 'memory' ? reply : { value: { ...opened, storage: 'directory' } };
  }
}
