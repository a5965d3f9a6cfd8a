// `node tests/probe.mjs`: traces what each engine asks of the operating system when OPFS is used.
// `npm run build` in this folder bundled it; it must not know any engine.
import { main } from './dist/probe.mjs';

process.exitCode = await main(process.argv.slice(2));
