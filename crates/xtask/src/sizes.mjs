// Prints one line per file given: raw size, gzip -9 and brotli 11, in bytes.
// Run by xtask's `sizes` through Node, which brings both compressors; it knows no build step.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const params = {
  [constants.BROTLI_PARAM_QUALITY]: 11,
  [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
};

for (const file of process.argv.slice(1)) {
  const bytes = readFileSync(file);
  const gzip = gzipSync(bytes, { level: 9 }).length;
  const brotli = brotliCompressSync(bytes, { params }).length;
  process.stdout.write(`${bytes.length} ${gzip} ${brotli}\n`);
}
