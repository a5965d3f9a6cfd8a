// What an application imports of its module. `application.rs` puts the glue and the loader before
// it, and in two places the names of the module's functions and classes.
export let __names__;

async function __anchorite_start({ engine = 'auto', wasm } = {}) {
  if (!['auto', 'jspi', 'asyncify'].includes(engine)) {
    throw new TypeError(`option "engine" must be "auto", "jspi" or "asyncify", not "${engine}"`);
  }
  const loaded = await __anchorite_load(engine, undefined, wasm);
  // One call at a time, each from an empty stack.
  let last = Promise.resolve();
  const next = () => {
    const done = last.then(loaded.run);
    last = done.catch(() => {});
    return done;
  };
  loaded.glue.anchorite_attach(next, loaded.engine, loaded.reason);
  return loaded.glue;
}

export async function instance(options) {
  return __anchorite_start(options);
}

let __anchorite_started;

export default async function init(options) {
  __anchorite_started ??= __anchorite_start(options);
  try {
    const glue = await __anchorite_started;
    ({ __names__ } = glue);
    return glue.exports;
  } catch (error) {
    __anchorite_started = undefined;
    throw error;
  }
}
