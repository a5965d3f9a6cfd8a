// A mistake on purpose: `npm run lint` checks that the linter finds the un-awaited promise here.

import type { Database } from '../src/index.js';

export async function forgetful(db: Database): Promise<void> {
  db.close();
}
