// The entry of the package for contexts that cannot import anything later: in a ServiceWorker, what
// runs has to be imported from the beginning. It brings the engine along; re-exports only.

import { bringLocal } from './client.js';
import * as local from './local.js';

bringLocal(local);

export * from './index.js';
