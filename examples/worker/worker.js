// The worker: loads the build of the module that this browser can run, and passes on questions.
import * as words from './pkg/words.js';

const ready = words.default();

self.onmessage = async ({ data: { id, call, argument } }) => {
  try {
    await ready;
    self.postMessage({ id, answer: await words[call](argument) });
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
};
