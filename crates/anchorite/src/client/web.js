// What of the client's way to the npm package has to be JavaScript: to load it, and to hold a
// transaction open. Called by web.rs; it must not know SQL or values.

/** The parts of the package that are loaded, by where they are. */
const parts = new Map();

/** A part of the package, which the application serves; bundlers are to leave this import alone. */
async function load(folder, name) {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  const slash = folder.endsWith('/') ? '' : '/';
  const url = new URL(`${folder}${slash}${name}`, base).href;
  const part = parts.get(url) ?? import(/* @vite-ignore */ /* webpackIgnore: true */ url);
  parts.set(url, part);
  try {
    return await part;
  } catch (cause) {
    // A later call may find it.
    parts.delete(url);
    const where = 'serve its dist there, or say where it is by OpenOptions::package';
    const message = `cannot load the npm package "anchorite" from ${url}; ${where}: ${cause}`;
    throw Object.assign(new Error(message, { cause }), { code: 'WORKER_LOAD_FAILED' });
  }
}

export async function open(folder, name, options) {
  const { open } = await load(folder, 'index.js');
  return open(name, { ...options, int64: 'bigint' });
}

export async function importDatabase(folder, name, bytes, options) {
  const { importDatabase } = await load(folder, 'index.js');
  return importDatabase(name, bytes, options);
}

export async function live(folder, db, sql, params, options) {
  const { live } = await load(folder, 'live.js');
  return live(db, sql, params, options)[Symbol.asyncIterator]();
}

/**
 * Resolves to a transaction that has begun: `tx`, `end(error)`, which commits it if there is no
 * error, and `settled`, when that has happened.
 */
export function begin(db, options) {
  return new Promise((resolve, reject) => {
    const settled = db.transaction((tx) => {
      return new Promise((commit, rollBack) => {
        const end = (error) => (error === undefined ? commit() : rollBack(error));
        resolve({ tx, end, settled });
      });
    }, options);
    settled.catch(reject);
  });
}
