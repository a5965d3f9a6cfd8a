/**
 * What the page's address and the browser remember: the open database's name, SQL that somebody
 * has sent, and how to open. Called by main.ts; knows nothing of the page's elements.
 *
 *   #chinook.sqlite        the open database; it survives a reload and can be bookmarked
 *   #&sql=SELECT%201       a link that was shared: SQL to look at, never data, and not run unasked
 *
 * The last name opened is kept in localStorage as well, for a visit to the bare address.
 */
import type { OpenOptions } from 'anchorite';

const LAST_NAME_KEY = 'anchorite-console:database';
const FIRST_NAME = 'console.sqlite';
const SQL = '&sql=';

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

/** Calls back whenever the person edits the part of the address after `#`. */
export function onAddress(changed: () => void): void {
  addEventListener('hashchange', changed);
}

/** SQL that came with the address. */
export function sharedSql(): string | undefined {
  const [, encoded] = location.hash.split(SQL);
  return encoded === undefined ? undefined : decoded(encoded);
}

/** A link to the console with this SQL. */
export function linkTo(text: string): string {
  return `${location.origin}${location.pathname}#${SQL}${encodeURIComponent(text)}`;
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
  const [encoded = ''] = location.hash.slice(1).split(SQL);
  return decoded(encoded) || undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function lastName(): string | undefined {
  try {
    return localStorage.getItem(LAST_NAME_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
