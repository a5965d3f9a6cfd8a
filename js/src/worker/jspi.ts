// JSPI as the engine has it: typed, and probed by doing it. Used by load.ts.

/** What JSPI adds to `WebAssembly`; TypeScript's libraries do not know it yet. */
export interface Jspi {
  Suspending: new (start: () => Promise<unknown>) => WebAssembly.ImportValue;
  promising(run: CallableFunction): () => Promise<void>;
}

/** (module (import "a" "b" (func)) (func (export "c") call 0)) */
const PROBE: Uint8Array<ArrayBuffer> = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00], // type 0: () -> ()
  ...[0x02, 0x07, 0x01, 0x01, 0x61, 0x01, 0x62, 0x00, 0x00], // import a.b of type 0
  ...[0x03, 0x02, 0x01, 0x00], // function 1 of type 0
  ...[0x07, 0x05, 0x01, 0x01, 0x63, 0x00, 0x01], // export c = function 1
  ...[0x0a, 0x06, 0x01, 0x04, 0x00, 0x10, 0x00, 0x0b], // code: call 0, end
);

/** Resolves to JSPI, or to the reason why this engine cannot suspend. */
export async function probeJspi(): Promise<Jspi | string> {
  const jspi = WebAssembly as unknown as Partial<Jspi>;
  if (jspi.Suspending === undefined || jspi.promising === undefined) {
    return 'this runtime has no JSPI';
  }
  try {
    await suspendOnce(jspi as Jspi);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) {
      return `the JSPI of this runtime does not work: ${String(error)}`;
    }
    // A policy forbids all wasm: that is for the loading of the real module to report.
  }
  return jspi as Jspi;
}

/** Runs the probe: its export must not be done before its import has resolved. */
async function suspendOnce(jspi: Jspi): Promise<void> {
  let resumed = false;
  const wait = async () => {
    await Promise.resolve();
    resumed = true;
  };
  const { instance } = await WebAssembly.instantiate(PROBE, {
    a: { b: new jspi.Suspending(wait) },
  });
  await jspi.promising(instance.exports['c'] as CallableFunction)();
  if (!resumed) {
    throw new Error('it did not suspend');
  }
}
