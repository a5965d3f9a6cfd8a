// The examples: each front end in a tab of its own, with what its user sees and clicks; beside a
// tab in JavaScript, and all at once. `cargo xtask examples` serves the same files.
import type { Database } from 'anchorite';
import { equal } from '../page/assert';
import type { TestContext } from '../page/context';
import { removeAll } from '../page/disk';
import { describe, test } from '../page/registry';
import { frameWith } from '../page/tabs';

/** Which build serves them is the package's affair: by itself it takes the browser's. */
describe('rust examples', { contexts: ['worker'], twins: ['jspi'] });

const FRONTENDS = ['dioxus', 'leptos', 'yew'] as const;

/** What notes/src/lib.rs and worker/src/lib.rs call theirs. */
const NOTES = 'notes.db';
const WORDS = 'words.db';

/** A tab with an example in it. */
class Page {
  readonly #frame: HTMLIFrameElement;
  readonly #body: HTMLElement;

  private constructor(frame: HTMLIFrameElement, body: HTMLElement) {
    this.#frame = frame;
    this.#body = body;
  }

  static open(t: TestContext, example: string): Page {
    const { frame, body } = frameWith(`/target/examples/${example}/start.js`);
    // Where Dioxus puts its own.
    const place = body.ownerDocument.createElement('div');
    place.id = 'main';
    body.append(place);
    const page = new Page(frame, body);
    t.defer(() => page.close());
    return page;
  }

  /** The notes, with a mark for those that are done; or the words. */
  get list(): string[] {
    const items = Array.from(this.#body.querySelectorAll('li'));
    return items.map((item) => {
      const mark = item.classList.contains('done') ? 'x ' : '';
      return mark + (item.querySelector('span') ?? item).textContent;
    });
  }

  /** Waits until the list is this one; what it is instead is in the error of the time-out. */
  async shows(...list: string[]): Promise<void> {
    const wanted = JSON.stringify(list);
    await this.#until(() => JSON.stringify(this.list) === wanted);
  }

  /** Waits until an element is there. */
  async find<T extends Element = HTMLElement>(selector: string, text = ''): Promise<T> {
    const found = () =>
      Array.from(this.#body.querySelectorAll<T>(selector)).find(({ textContent }) =>
        textContent.includes(text),
      );
    await this.#until(() => found() !== undefined);
    return found() as T;
  }

  async type(text: string): Promise<void> {
    const input = await this.find<HTMLInputElement>('input:not([type=checkbox])');
    input.value = text;
    // Dioxus takes events of its own realm only.
    const { Event } = input.ownerDocument.defaultView as Window & typeof globalThis;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }

  async add(text: string): Promise<void> {
    await this.type(text);
    // The database may have to be opened first.
    (await this.find('form button:enabled')).click();
  }

  async #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return;
    await new Promise<void>((resolve) => {
      const watcher = new MutationObserver(() => {
        if (!isSo()) return;
        watcher.disconnect();
        resolve();
      });
      const all = { subtree: true, childList: true, characterData: true, attributes: true };
      watcher.observe(this.#body, all);
    });
  }

  close(): void {
    this.#frame.remove();
  }
}

/** The database of the notes, empty, as a tab in JavaScript has it. */
async function notesOf(t: TestContext): Promise<Database> {
  t.defer(() => removeAll(NOTES));
  await removeAll(NOTES);
  return await t.open(NOTES);
}

for (const frontend of FRONTENDS) {
  test(`${frontend} and a tab in JavaScript see each other's notes`, async (t) => {
    const db = await notesOf(t);
    const page = Page.open(t, frontend);
    await page.add(' milk ');
    await page.shows('milk');
    equal(await db.query('SELECT text, done FROM note'), [{ text: 'milk', done: 0 }]);
    await db.exec("INSERT INTO note (text) VALUES ('bread')");
    await page.shows('bread', 'milk');
    (await page.find('li:last-of-type input')).click();
    await page.shows('bread', 'x milk');
    (await page.find('li:first-of-type button')).click();
    await page.shows('x milk');
    equal(await db.query('SELECT text, done FROM note'), [{ text: 'milk', done: 1 }]);
    await page.add('   ');
    await page.find('[role=alert]', 'SQLITE_CONSTRAINT');
  });
}

test('all front ends work on one database at once, and find it again', async (t) => {
  const db = await notesOf(t);
  const pages = FRONTENDS.map((frontend) => Page.open(t, frontend));
  for (const [index, page] of pages.entries()) {
    await page.add(`note ${index}`);
    const sofar = Array.from({ length: index + 1 }, (_, before) => `note ${index - before}`);
    await Promise.all(pages.map((other) => other.shows(...sofar)));
  }
  for (const page of pages) page.close();
  await Page.open(t, 'yew').shows('note 2', 'note 1', 'note 0');
  equal(await db.get('SELECT count(*) AS n FROM note'), { n: 3 });
});

test('a worker in Rust finds words by its own SQL function, and keeps them', async (t) => {
  t.defer(() => removeAll(WORDS));
  for (let visit = 1; visit <= 2; visit++) {
    const page = Page.open(t, 'worker');
    await page.find('[role=status]', '8 words are kept');
    await page.type('ankorite');
    await page.shows('anchorite', 'rite', 'write', 'anchorage', 'anchor');
    page.close();
  }
});
