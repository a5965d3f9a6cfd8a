// The page's own dedicated worker: runs test phases with the library in place, on sync handles.
// It must not know the harness; page/main.ts hands it phases and takes the outcomes.
import '../list';
import { execute, watchForUncaught } from './execute';
import type { Run } from './execute';

interface Request {
  readonly run: Run;
  readonly port: MessagePort;
}

watchForUncaught(self);

self.addEventListener('message', (event) => {
  const { run, port } = event.data as Request;
  void execute(run).then((outcome) => port.postMessage(outcome));
});
