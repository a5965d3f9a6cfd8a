// The entry of the package for contexts that cannot import anything later: in a ServiceWorker, what
// runs has to be imported from the beginning. It brings the parts along; re-exports only.

import * as bulk from './bulk.js';
import { bringLocal } from './client.js';
import * as local from './local.js';
import { bringBulk } from './parts.js';

bringLocal(local);
bringBulk(bulk);

export * from './index.js';
