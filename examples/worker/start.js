// The page: asks the worker, and shows what it answers.
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
const waiting = new Map();

worker.onmessage = ({ data: { id, answer, error } }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) resolve(answer);
  else reject(new Error(error));
};

/** Asks the worker to `learn` a list of words, or to `suggest` some for a text. */
function ask(call, argument) {
  const id = crypto.randomUUID();
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, call, argument });
  });
}

/** Puts an element into the page. */
function show(name, properties, parent) {
  const element = Object.assign(document.createElement(name), properties);
  parent.append(element);
  return element;
}

const WORDS = ['anchor', 'anchorage', 'anchorite', 'chore', 'origin', 'orchid', 'rite', 'write'];

const main = show('main', {}, document.body);
show('h1', { textContent: 'Words, in a worker written in Rust' }, main);
const label = show('label', { textContent: 'What do you look for? ' }, main);
const input = show('input', {}, label);
const status = show('p', { role: 'status' }, main);
const list = show('ul', {}, main);

input.addEventListener('input', async () => {
  const words = await ask('suggest', input.value).catch((error) => [String(error)]);
  list.replaceChildren();
  for (const textContent of words) show('li', { textContent }, list);
});

status.textContent = await ask('learn', WORDS).then((count) => `${count} words are kept`, String);
