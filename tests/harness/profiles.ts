// The folder in which browsers find a fresh profile each, and the end of all of them. Every program
// of this folder that starts browsers runs in it. It must not know what they do.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './options';
import { killAll } from './processes';

/** Runs `work`; then, or when the program is told to end, kills what it started and tidies up. */
export async function withProfiles<T>(work: (profiles: string) => Promise<T>): Promise<T> {
  const profiles = makeProfiles();
  const tidyUp = async () => {
    await killAll();
    rmSync(profiles, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void tidyUp().finally(() => process.exit(130)));
  }
  try {
    return await work(profiles);
  } finally {
    await tidyUp();
  }
}

function makeProfiles(): string {
  const parent = join(ROOT, 'target/test-profiles');
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, 'run-'));
}
