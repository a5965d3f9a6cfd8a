/**
 * Counts, sizes and times in words, and text made visible. Used by whatever shows them.
 * Must not know the page.
 */

/** `1 row`, `2,000 rows`. */
export function count(number: number, noun: string): string {
  const plural = noun.endsWith('x') ? `${noun}es` : `${noun}s`;
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`;
}

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `17 bytes`, `1.2 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return count(bytes, 'byte');
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toLocaleString('en', { maximumSignificantDigits: 3 })} ${UNITS[unit]}`;
}

/** `3.2 ms`, `41 ms`, `12.3 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toLocaleString('en', { maximumFractionDigits: 1 })} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}

/** At most `length` UTF-16 units, with an ellipsis where some are left out. */
export function head(text: string, length: number): string {
  if (text.length <= length) return text;
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(length - 1));
  return `${text.slice(0, splitsPair ? length - 1 : length)}…`;
}

/** What has no look of its own, or changes that of its neighbours. */
const UNSEEN = /[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu;

/** Text on one line in which nothing is hidden: controls become signs. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `‹${code.toString(16).toUpperCase().padStart(4, '0')}›`;
  });
}
