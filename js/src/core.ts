// What every part of the page's side has in common, as one file of the package: the public names,
// and what the parts that are loaded later and the entries beside the main one need of each other.
// So there is one `SqliteError` in a page, whoever throws it. Re-exports only; build.mjs makes each
// part import from here what is here.

export { bringLocal } from './client.js';
export { flush, listen, tell, tellBy } from './commits.js';
export { currentContext, setPlace } from './context.js';
export { fromWire, inList, interrupted, isEnding, markEnding, text, toWire } from './errors.js';
export * from './index.js';
export { limited, stopOf } from './limit.js';
export { checkOptions } from './options.js';
export { Outbox, transferable } from './outbox.js';
export { answerCall, bringParts } from './parts.js';
export { Statement } from './prepared.js';
export { shaped } from './rows.js';
export { Sequence } from './sequence.js';
export { answered, shortened } from './short.js';
export { quoted, Sql } from './sql.js';
export { loadError, whenFree } from './start.js';
export { checkValue, describe } from './values.js';
