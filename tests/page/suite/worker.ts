// rusqlite's own tests, in a dedicated worker: once on databases in memory, once on files in OPFS.
// main.ts starts it; crates/xtask/src/suite.rs has built the module. It must not know any test.
import { instance } from 'suite-module';
import type { SuiteRequest } from '../../suite/wire';

/** What wasm-bindgen's tests call. */
interface Runner {
  __wbg_test_invoke: (test: () => void) => void;
  __wbg_test_output_writeln: (line: string) => void;
}

addEventListener('message', ({ data }: MessageEvent<SuiteRequest>) => {
  void run(data).then(
    (value) => postMessage({ ok: true, value }),
    (error: unknown) => postMessage({ ok: false, message: String(error), stack: '' }),
  );
});

/** The lines that the tests have told. */
async function run({ storage, files }: SuiteRequest): Promise<string[]> {
  const lines: string[] = [];
  const runner = globalThis as unknown as Runner;
  runner.__wbg_test_invoke = (test) => test();
  runner.__wbg_test_output_writeln = (line) => lines.push(line);
  const module = await instance({ engine: 'jspi' });
  if (storage === 'opfs') await module.suite_on_files(files);
  await module.suite_run();
  return lines;
}
