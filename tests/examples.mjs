// The examples of the documentation as modules, for the bundle of the test page: an esbuild plugin,
// used by build.mjs. Every block marked `js` or `ts` in README.md, js/README.md and docs/ is one;
// what it prints stands in its comments as `// → …`. One that begins with `// my-worker.js` is that
// file, for the others. It must not know how an example is run: docs/00-examples.ts.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);
const GUIDES = readdirSync(new URL('docs', ROOT)).map((name) => `docs/${name}`);
const PAGES = ['README.md', 'js/README.md', ...GUIDES];
const BLOCK = /^```(js|ts)\n(.*?)^```$/gms;
/** A string literal that names a database. */
const DATABASE = /'([\w.-]+\.(?:db|sqlite))'/g;

/** What the first line of the worker that examples start says. */
const WORKER = '// my-worker.js\n';

function examplesOf(page) {
  const text = readFileSync(new URL(page, ROOT), 'utf8');
  return [...text.matchAll(BLOCK)].map(({ 1: loader, 2: code, index }) => ({
    where: `${page}:${text.slice(0, index).split('\n').length + 1}`,
    loader,
    code,
    prints: [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line),
    databases: [...new Set([...code.matchAll(DATABASE)].map(([, name]) => name))],
  }));
}

/** The list of all, each with a function that loads, and so runs, it. */
function listModule(examples) {
  const entries = examples.map(({ where, prints, databases }) => {
    const run = `run: () => import('example:${where}')`;
    return `{ ...${JSON.stringify({ where, prints, databases })}, ${run} }`;
  });
  return `export const examples = [${entries.join(',\n')}];`;
}

export const docExamples = {
  name: 'doc-examples',
  setup(bundler) {
    const blocks = PAGES.filter((page) => page.endsWith('.md')).flatMap(examplesOf);
    const isWorker = ({ code }) => code.startsWith(WORKER);
    const examples = blocks.filter((block) => !isWorker(block));
    const watchFiles = PAGES.map((page) => fileURLToPath(new URL(page, ROOT)));
    bundler.onLoad({ filter: /^example-worker$/, namespace: 'example' }, () => ({
      contents: blocks.find(isWorker).code,
      watchFiles,
    }));
    bundler.onResolve({ filter: /^(doc-examples|example-worker|example:.*)$/ }, ({ path }) => ({
      path,
      namespace: 'example',
    }));
    bundler.onLoad({ filter: /^doc-examples$/, namespace: 'example' }, () => ({
      contents: listModule(examples),
      watchFiles,
    }));
    bundler.onLoad({ filter: /^example:/, namespace: 'example' }, ({ path }) => {
      const { code, loader } = examples.find(({ where }) => path === `example:${where}`);
      const contents = `import { console } from './docs/console';\n${code}`;
      return { contents, loader, resolveDir: fileURLToPath(new URL('.', import.meta.url)) };
    });
  },
};
