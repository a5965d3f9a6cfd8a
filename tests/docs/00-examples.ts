// Every example in README.md and docs/ runs as it stands, and prints what it says.
import { deleteDatabase, listDatabases } from 'anchorite';
import { examples } from 'doc-examples';
import { equal } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';
import { printed } from './console';

describe('examples', SHOWN_ELSEWHERE);

for (const { where, prints, databases, run } of examples) {
  const options = {
    browsers: ['chromium', 'firefox'],
    contexts: ['worker'],
    twins: ['jspi'],
  } as const;
  test(where, options, async () => {
    printed();
    await run();
    equal(printed(), prints);
    for (const name of await listDatabases()) {
      if (databases.includes(name)) await deleteDatabase(name);
    }
  });
}
