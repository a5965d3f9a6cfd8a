// The entry of the package for contexts that cannot import anything later: in a ServiceWorker, what
// runs has to be imported from the beginning. It brings the parts along; re-exports only.

import * as bulk from './bulk.js';
import { bringLocal } from './client.js';
import * as copy from './copy.js';
import * as cursor from './cursor.js';
import * as functions from './functions.js';
import * as local from './local.js';
import { bringParts } from './parts.js';
import * as sizes from './sizes.js';
import * as source from './source.js';

bringLocal(local);
bringParts({ bulk, copy, cursor, functions, sizes, source });

export * from './index.js';
