/**
 * A script cut into its statements, as the sqlite3 shell cuts it. Used by the editor, which runs
 * the statement at the caret, and by run/ and files/. Knows tokens; must not know grammar.
 */

/** A statement, and where it lies in its text (UTF-16 units); without its semicolon. */
export interface Piece {
  readonly sql: string;
  readonly start: number;
}

/** One token: a comment, something in quotes, a word, a semicolon, or any other character. */
const TOKEN = new RegExp(
  [
    /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/,
    /'[^']*(?:''[^']*)*(?:'|$)|"[^"]*(?:""[^"]*)*(?:"|$)|`[^`]*(?:``[^`]*)*(?:`|$)/,
    /\[[^\]]*(?:\]|$)|[\p{L}\p{N}_$]+|;|\s+|[\s\S]/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
);

const BLANK = /^(?:\s|--|\/\*)/;
const TRIGGER = /^(?:EXPLAIN (?:QUERY PLAN )?)?CREATE (?:TEMP |TEMPORARY )?TRIGGER /;

/** Cuts a script; parts with nothing but comments and blanks are none. */
export function splitStatements(text: string): Piece[] {
  return [...statements(text)];
}

/** The same, one by one. */
export function* statements(text: string): Generator<Piece> {
  let cutter = new Cutter();
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (cutter.ends(token)) {
      const piece = cutter.piece(text);
      if (piece !== undefined) yield piece;
      cutter = new Cutter();
    } else {
      cutter.take(token, index);
    }
  }
  const rest = cutter.piece(text);
  if (rest !== undefined) yield rest;
}

/** The statement that a caret at `position` is in, or has just left. */
export function statementAt(text: string, position: number): Piece | undefined {
  const all = splitStatements(text);
  return all.filter(({ start }) => start <= position).at(-1) ?? all[0];
}

/** Collects the tokens of one statement. The body of a trigger has semicolons of its own. */
class Cutter {
  #start: number | undefined;
  #end = 0;
  /** The first words, in upper case, as far as they tell a trigger. */
  #words = '';
  /** The last two tokens, to know the `; END` of a trigger. */
  #last: [string, string] = ['', ''];

  take(token: string, index: number): void {
    if (BLANK.test(token)) return;
    this.#start ??= index;
    this.#end = index + token.length;
    const word = token.toUpperCase();
    if (this.#words.length < 60) this.#words += `${word} `;
    this.#last = [this.#last[1], word];
  }

  ends(token: string): boolean {
    if (token !== ';') return false;
    return !TRIGGER.test(this.#words) || (this.#last[0] === ';' && this.#last[1] === 'END');
  }

  piece(text: string): Piece | undefined {
    if (this.#start === undefined) return undefined;
    return { sql: text.slice(this.#start, this.#end), start: this.#start };
  }
}
