// The worker that is killed: the library in place, on either kind of handle, writing until it meets
// its target. kills.ts starts it and listens. It must not know what becomes of its database.
import type { Target, Writer } from '../../torture-wire';
import { acknowledge } from '../home';
import type { VictimMessage } from './kills';
import { counted, watchSteps } from './steps';
import { optionsOf, write } from './workload';

export interface VictimOrder {
  readonly writer: Writer;
  readonly target?: Target | undefined;
  readonly transactions: number;
  readonly port: MessagePort;
  /** Whether acknowledgements go to the harness instead of the port. */
  readonly callHome: boolean;
}

self.addEventListener('message', (event) => {
  const { writer, target, transactions, port, callHome } = event.data as VictimOrder;
  const say = (message: VictimMessage) => port.postMessage(message);
  watchSteps({ target, here: () => say({ type: 'here' }) }, writer.handles);
  const progress = {
    begun: (state: number) => say({ type: 'begun', state }),
    async acknowledged(state: number) {
      say({ type: 'acknowledged', state });
      if (callHome) await acknowledge(writer.database, state);
    },
  };
  write(writer, optionsOf(writer), transactions, progress).then(
    () => say({ type: 'done', counts: counted() }),
    (error: unknown) => say({ type: 'failed', message: String(error) }),
  );
});
