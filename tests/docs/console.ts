// The `console` of the documentation's examples: keeps what they print for 00-examples.ts.

let lines: string[] = [];

export const console = {
  log(...values: readonly unknown[]): void {
    lines.push(
      values.map((value) => (typeof value === 'object' ? inJson(value) : String(value))).join(' '),
    );
  },
};

function inJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? `${inner}n` : inner,
  );
}

/** What was printed since the last call. */
export function printed(): string[] {
  const taken = lines;
  lines = [];
  return taken;
}
