/**
 * CSV and TSV read as they come, by RFC 4180 and as leniently as spreadsheets write it.
 * Used by import-table.ts. Pure: pieces of text in, records out.
 */

/** Records of a text that comes in pieces. */
export async function* records(
  pieces: AsyncIterable<string>,
  separator: string,
): AsyncGenerator<string[]> {
  const parser = new Parser(separator);
  for await (const piece of pieces) yield* parser.take(piece);
  yield* parser.end();
}

/** The separator that the first line has most of. */
export function guessSeparator(text: string): string {
  const line = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const counts = [',', ';', '\t', '|'].map((sign) => [line.split(sign).length, sign] as const);
  return counts.reduce((best, next) => (next[0] > best[0] ? next : best))[1];
}

const STATE = { START: 0, PLAIN: 1, QUOTED: 2, QUOTE: 3 } as const;

class Parser {
  readonly #separator: string;
  #state: number = STATE.START;
  #field = '';
  #record: string[] = [];
  #afterReturn = false;

  constructor(separator: string) {
    this.#separator = separator;
  }

  *take(text: string): Generator<string[]> {
    for (let at = 0; at < text.length; at += 1) {
      // Most text is plain: it is taken in one piece, up to the next sign that means something.
      if (this.#state === STATE.PLAIN || this.#state === STATE.QUOTED) at = this.#skip(text, at);
      if (at === text.length) return;
      const sign = text.charAt(at);
      const ended = this.#sign(sign);
      if (ended) yield this.#take();
    }
  }

  *end(): Generator<string[]> {
    if (this.#state !== STATE.START || this.#record.length > 0) yield this.#take();
  }

  #skip(text: string, from: number): number {
    let at = from;
    if (this.#state === STATE.QUOTED) {
      at = text.indexOf('"', from);
      if (at === -1) at = text.length;
    } else {
      while (at < text.length && !this.#means(text.charAt(at))) at += 1;
    }
    this.#field += text.slice(from, at);
    return at;
  }

  #means(sign: string): boolean {
    return sign === this.#separator || sign === '\n' || sign === '\r';
  }

  /** Takes one sign; whether a record has ended. */
  #sign(sign: string): boolean {
    const afterReturn = this.#afterReturn;
    this.#afterReturn = false;
    if (this.#state === STATE.QUOTED) {
      this.#state = STATE.QUOTE;
    } else if (sign === '"' && this.#state === STATE.START) {
      this.#state = STATE.QUOTED;
    } else if (sign === '"' && this.#state === STATE.QUOTE) {
      this.#field += '"';
      this.#state = STATE.QUOTED;
    } else if (sign === this.#separator) {
      this.#record.push(this.#field);
      this.#field = '';
      this.#state = STATE.START;
    } else if (sign === '\n' && afterReturn) {
      return false;
    } else if (sign === '\n' || sign === '\r') {
      this.#afterReturn = sign === '\r';
      return this.#state !== STATE.START || this.#record.length > 0;
    } else {
      this.#field += sign;
      this.#state = STATE.PLAIN;
    }
    return false;
  }

  #take(): string[] {
    const record = [...this.#record, this.#field];
    this.#record = [];
    this.#field = '';
    this.#state = STATE.START;
    return record;
  }
}
