// The console as a person has it before them: one page of a browser, found by test ids and words.
// demo-steps.ts and its like use it; it must not know what is tested.
import type { Browser as Puppet, Page, WebWorker } from 'puppeteer-core';

const TIMEOUT = 20_000;

/** Notes what the page complains of, and what it hands out. It runs before the page's scripts. */
function watch(): void {
  const seen = globalThis as unknown as { complaints: string[]; blobs: Blob[]; pwned: () => void };
  seen.complaints = [];
  seen.blobs = [];
  seen.pwned = () => seen.complaints.push('a hostile text was run');
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
    seen.complaints.push(`the policy forbids ${violatedDirective} ${blockedURI} ${sample}`);
  });
  addEventListener('error', ({ message }) => seen.complaints.push(message));
  addEventListener('unhandledrejection', ({ reason }) => seen.complaints.push(String(reason)));
  const create = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob: Blob) => {
    seen.blobs.push(blob);
    return create(blob);
  };
}

export class ConsolePage {
  readonly page: Page;
  readonly #complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.#complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.#complaints.push(message.text());
    });
  }

  static async open(puppet: Puppet, url: string): Promise<ConsolePage> {
    const page = await puppet.newPage();
    page.setDefaultTimeout(TIMEOUT);
    await page.setViewport({ width: 1280, height: 800 });
    await page.evaluateOnNewDocument(watch);
    const opened = new ConsolePage(page);
    await page.goto(url, { waitUntil: 'domcontentloaded' });
    await opened.idle();
    return opened;
  }

  /** What the page has complained of since it was asked last. */
  async complaints(): Promise<string[]> {
    const own = this.#complaints.splice(0);
    const seen = await this.page.evaluate(() => {
      const { complaints } = globalThis as unknown as { complaints?: string[] };
      return complaints?.splice(0) ?? [];
    });
    return [...own, ...seen];
  }

  /** The console does one thing at a time and says so on its body. */
  async idle(): Promise<void> {
    await this.until(() => {
      const activity = document.querySelector('#activity')?.textContent;
      return !document.body.hasAttribute('data-busy') && activity !== '' && activity !== null;
    }, 'the console is idle');
  }

  /** Waits in the page. */
  async until(
    condition: (argument: string) => unknown,
    what: string,
    argument = '',
  ): Promise<void> {
    await this.page.waitForFunction(condition, { timeout: TIMEOUT }, argument).catch(() => {
      throw new Error(`waited in vain until ${what}`);
    });
  }

  /** Waits until an element has a text in it. */
  async says(selector: string, text: string): Promise<void> {
    const both = JSON.stringify([selector, text]);
    const said = this.until(
      (pair) => {
        const [where, what] = JSON.parse(pair) as [string, string];
        return [...document.querySelectorAll(where)].some((e) => e.textContent?.includes(what));
      },
      'it says so',
      both,
    );
    await said.catch(async () => {
      const instead = await this.text(selector);
      throw new Error(`“${selector}” does not say “${text}” but “${instead}”`);
    });
  }

  text(selector: string): Promise<string> {
    return this.page.evaluate(
      (where) => [...document.querySelectorAll(where)].map((e) => e.textContent).join(' | '),
      selector,
    );
  }

  /** Clicks what has this test id. */
  async click(testid: string): Promise<void> {
    await this.press(`[data-testid="${testid}"]`);
  }

  async press(selector: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const element = await this.page.waitForSelector(selector, { visible: true });
      try {
        await element?.click();
        return;
      } catch (error) {
        // What is drawn anew meanwhile is another element, and as good.
        if (attempt === 3) throw error;
      }
    }
  }

  /** Shows a panel, if it is not shown. */
  async panel(name: string): Promise<void> {
    const selector = `[data-testid="panel-${name}"]`;
    const pressed = await this.page.$eval(selector, (found) => found.getAttribute('aria-pressed'));
    if (pressed !== 'true') await this.press(selector);
  }

  /** Clicks the button with these words. */
  async pressWords(words: string): Promise<void> {
    await this.until(
      (wanted) => {
        const buttons = [...document.querySelectorAll<HTMLElement>('button, summary')];
        const found = buttons.find((e) => e.textContent?.trim() === wanted && e.offsetWidth > 0);
        found?.click();
        return found !== undefined;
      },
      `there is a button “${words}”`,
      words,
    );
  }

  /** Puts text into the editor in the place of what is there, as if it were pasted. */
  async write(text: string): Promise<void> {
    await this.idle();
    await this.page.click('#editor >>> .cm-content');
    await this.page.keyboard.down('Control');
    await this.page.keyboard.press('a');
    await this.page.keyboard.up('Control');
    await this.page.evaluate((pasted) => {
      const content = document.querySelector('#editor')?.shadowRoot?.querySelector('.cm-content');
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', pasted);
      // Firefox has names of its own for what is pasted.
      const own = { data: pasted, dataType: 'text/plain' };
      const init = { clipboardData, bubbles: true, cancelable: true, ...own };
      content?.dispatchEvent(new ClipboardEvent('paste', init));
    }, text);
  }

  /** Writes SQL and runs it, without waiting for its end. */
  async start(sql: string): Promise<void> {
    await this.write(sql);
    await this.click('run');
  }

  async run(sql: string): Promise<void> {
    await this.start(sql);
    await this.idle();
  }

  /** Ends the page's workers and waits until the browser tells of each end. */
  async endWorkers(): Promise<void> {
    await Promise.all(this.page.workers().map((worker) => this.#end(worker)));
  }

  // A worker may be gone before it has answered, so the event counts and not the answer.
  #end(worker: WebWorker): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('a worker does not end')), TIMEOUT);
      this.page.on('workerdestroyed', (gone) => {
        if (gone !== worker) return;
        clearTimeout(limit);
        resolve();
      });
      worker.close().catch(() => undefined);
    });
  }

  /** The texts of the cells that are made. */
  cells(): Promise<string[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('.grid-row .grid-cell')].map((cell) => cell.textContent ?? ''),
    );
  }

  /** Gives files to the page as a person chooses them. */
  choose(name: string, content: Buffer | string): Promise<void> {
    return this.give('[data-testid="import"]', name, content);
  }

  /** Gives a file to one of its inputs. */
  async give(selector: string, name: string, content: Buffer | string): Promise<void> {
    const base64 = Buffer.from(content).toString('base64');
    await this.page.evaluate(
      (where, called, encoded) => {
        const bytes = Uint8Array.from(atob(encoded), (sign) => sign.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], called));
        const input = document.querySelector<HTMLInputElement>(where);
        if (input === null) return;
        input.files = transfer.files;
        input.dispatchEvent(new Event('change'));
      },
      selector,
      name,
      base64,
    );
  }

  /** What the page has handed out last. */
  async download(): Promise<Buffer> {
    const encoded = await this.page.evaluate(async () => {
      const { blobs } = globalThis as unknown as { blobs: Blob[] };
      const bytes = new Uint8Array((await blobs.at(-1)?.arrayBuffer()) ?? new ArrayBuffer(0));
      let text = '';
      for (let at = 0; at < bytes.length; at += 8192) {
        text += String.fromCharCode(...bytes.subarray(at, at + 8192));
      }
      return btoa(text);
    });
    return Buffer.from(encoded, 'base64');
  }

  async keys(...keys: Parameters<Page['keyboard']['press']>[0][]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }
}
