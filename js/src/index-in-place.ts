// The public entry with the engine's code in it, for contexts that run it in place from the start,
// and for ServiceWorkers, which cannot load it later.

import { provideHost } from './in-place.js';
import { Host } from './worker/host.js';

export * from './index.js';

provideHost(Host);
