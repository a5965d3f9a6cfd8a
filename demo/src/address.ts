/**
 * What the page's address and the browser remember: the open database's name, and how to open it.
 * Called by main.ts and workspace.ts; knows nothing of SQL or of the page's elements.
 *
 * The name after `#` survives a reload and can be bookmarked. The last name opened is kept in
 * localStorage as well, for a visit to the bare address.
 */
import type { OpenOptions } from 'anchorite';

const LAST_NAME_KEY = 'anchorite-console:database';
const FIRST_NAME = 'console.sqlite';

/** The database the page should open: the one in the address, the last one, or a new one. */
export function rememberedName(): string {
  return nameInAddress() ?? lastName() ?? FIRST_NAME;
}

/** Writes the open database's name into the address and remembers it for the next visit. */
export function rememberName(name: string): void {
  history.replaceState(null, '', `#${encodeURIComponent(name)}`);
  try {
    localStorage.setItem(LAST_NAME_KEY, name);
  } catch {
    // Storage is refused here; the address alone remembers.
  }
}

/** Calls back with the name whenever the person edits the part of the address after `#`. */
export function onNameInAddress(open: (name: string) => void): void {
  addEventListener('hashchange', () => open(rememberedName()));
}

/**
 * `?engine=jspi|asyncify` and `?worker=false`, as options.
 * An unknown engine is handed on as it is: the library refuses it by name, and the page shows that.
 */
export function openOptions(): OpenOptions {
  const parameters = new URLSearchParams(location.search);
  const engine = parameters.get('engine');
  return {
    ...(engine === null ? {} : { engine: engine as NonNullable<OpenOptions['engine']> }),
    ...(parameters.get('worker') === 'false' ? { worker: false } : {}),
  };
}

function nameInAddress(): string | undefined {
  const encoded = location.hash.slice(1);
  try {
    return decodeURIComponent(encoded) || undefined;
  } catch {
    return encoded;
  }
}

function lastName(): string | undefined {
  try {
    return localStorage.getItem(LAST_NAME_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
