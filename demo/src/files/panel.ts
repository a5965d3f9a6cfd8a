/**
 * The Files panel: the databases of this browser, what each takes, and what can be done with them;
 * how much room there is. Made by main.ts. It goes through workspace.ts and the package's API.
 */
import { open, requestPersistence, storageInfo } from 'anchorite';
import type { App, Panel } from '../app.ts';
import { askName, confirm, show } from '../dialogs.ts';
import { button, h, redraw } from '../dom.ts';
import { download } from '../results/save.ts';
import { literal, quoteName } from '../sql/quote.ts';
import { count, size, visible } from '../words.ts';
import { OWN_NAME } from '../workspace.ts';
import { LARGE_NAME, LARGE_QUERY, LARGE_SQL } from './sample.ts';

export class FilesPanel implements Panel {
  readonly name = 'Files';
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #list = h('ul', { class: 'file-list', 'data-testid': 'files' });
  readonly #tools = h('div', { class: 'tools' });
  readonly #storage = h('div', { class: 'storage' });
  readonly #onNames: () => Promise<void>;
  #seen = '';

  /** `onNames` is called when databases have come, gone or changed their names. */
  constructor(app: App, onNames: () => Promise<void>) {
    this.#app = app;
    this.#onNames = onNames;
    this.element = h(
      'div',
      { class: 'panel' },
      h('div', { class: 'panel-head' }, h('h2', {}, 'Files')),
      h('p', { class: 'soft' }, 'Drop SQLite, CSV, TSV, JSON or SQL files anywhere on the page.'),
      this.#list,
      button('Make a sample of 1,000,000 rows', () => this.#large(), { class: 'small' }),
      h('h3', {}, 'The open database'),
      this.#tools,
      h('h3', {}, 'Storage'),
      this.#storage,
    );
    this.#tools.append(...this.#toolButtons());
  }

  async refresh(): Promise<void> {
    const names = await this.#app.workspace.names();
    const info = await storageInfo().catch(() => undefined);
    const attached = await this.#attached();
    const open = this.#app.workspace.database?.name;
    const seen = JSON.stringify([names, info, open, [...attached]]);
    if (seen === this.#seen) return;
    this.#seen = seen;
    const sizes = new Map(info?.databases?.map(({ name, bytes }) => [name, bytes]));
    const files = names.map((name) => this.#file(name, sizes.get(name), attached.get(name)));
    redraw(this.#list, ...files);
    this.#drawStorage(info);
  }

  /** What is attached to the open database: the names in SQL by the names of the files. */
  async #attached(): Promise<Map<string, string>> {
    const { database } = this.#app.workspace;
    const sql = "SELECT name, file FROM pragma_database_list WHERE name NOT IN ('main', 'temp')";
    const rows = await database?.query<{ name: string; file: string }>(sql);
    return new Map(rows?.map(({ name, file }) => [file.replace(/^\//, ''), name]));
  }

  #file(name: string, bytes: number | undefined, attachedAs: string | undefined): HTMLElement {
    const isOpen = this.#app.workspace.database?.name === name;
    const title = button('', () => this.#app.openDatabase(name), {
      class: 'file-name',
      'data-testid': `open ${name}`,
      ...(isOpen ? { 'aria-current': 'true' } : {}),
    });
    title.append(
      h('span', { dir: 'auto' }, visible(name)),
      h('span', { class: 'soft' }, bytes === undefined ? '' : size(bytes)),
      attachedAs === undefined ? '' : h('span', { class: 'soft' }, ` as ${visible(attachedAs)}`),
    );
    const act = (label: string, does: () => void, testid: string) =>
      button(label, does, {
        class: 'small',
        'aria-label': `${label} ${name}`,
        'data-testid': `${testid} ${name}`,
      });
    const attachment =
      attachedAs === undefined
        ? act('Attach', () => this.#attach(name), 'attach')
        : act('Detach', () => this.#detach(name, attachedAs), 'detach');
    return h(
      'li',
      {},
      title,
      h(
        'div',
        { class: 'file-acts' },
        act('Rename', () => void this.#rename(name), 'rename'),
        act('Copy', () => void this.#copy(name), 'duplicate'),
        isOpen ? undefined : attachment,
        act('Delete', () => void this.#delete(name), 'delete'),
      ),
    );
  }

  #toolButtons(): HTMLElement[] {
    const tool = (label: string, act: () => void, testid: string) =>
      button(label, act, { class: 'small', 'data-testid': testid });
    return [
      tool('Export .sqlite', () => this.#export(), 'export-sqlite'),
      tool('Export .sql', () => this.#dump(), 'export-sql'),
      tool('Check integrity', () => this.#check(), 'check'),
      tool('Vacuum', () => this.#vacuum(), 'vacuum'),
      tool('Checkpoint', () => this.#checkpoint(), 'checkpoint'),
    ];
  }

  async #rename(name: string): Promise<void> {
    const question = { title: `Rename ${name}`, label: 'New name', value: name, action: 'Rename' };
    const to = await askName(question);
    if (to === undefined || to === name) return;
    await this.#change(`Renaming ${name}…`, async () => {
      await this.#app.workspace.rename(name, to);
      return `${name} is now ${to}.`;
    });
  }

  async #copy(name: string): Promise<void> {
    const value = name.replace(/(\.[^.]*)?$/, ' copy$1');
    const question = { title: `Copy ${name}`, label: 'Name of the copy', value, action: 'Copy' };
    const to = await askName(question);
    if (to === undefined) return;
    await this.#change(`Copying ${name}…`, async (signal, say) => {
      const { workspace } = this.#app;
      const isOpen = workspace.database?.name === name;
      const source = isOpen ? workspace.opened : await open(name, workspace.options);
      try {
        await source.backupTo(to, { signal, onProgress: (bytes) => say(size(bytes)) });
      } finally {
        if (!isOpen) await source.close();
      }
      return `Copied ${name} to ${to}.`;
    });
  }

  async #delete(name: string): Promise<void> {
    const text = `“${name}” and all it holds will be gone. That cannot be undone.`;
    if (!(await confirm({ title: 'Delete the database?', text, action: 'Delete' }))) return;
    await this.#change(`Deleting ${name}…`, async () => {
      const { workspace } = this.#app;
      const others = (await workspace.names()).filter((other) => other !== name);
      await workspace.delete(name, others[0] ?? 'console.sqlite');
      return `Deleted ${name}.`;
    });
  }

  #attach(name: string): void {
    const as = name.replace(/\.[^.]*$/, '').replace(/\W+/g, '_') || 'other';
    void this.#app.perform(`Attaching ${name}…`, async () => {
      await this.#app.workspace.opened.exec(`ATTACH ${literal(name)} AS ${quoteName(as)}`);
      this.#app.workspace.touch();
      return `${name} is attached as ${as}: its tables are ${as}.…`;
    });
  }

  #detach(name: string, as: string): void {
    void this.#app.perform(`Detaching ${name}…`, async () => {
      await this.#app.workspace.opened.exec(`DETACH ${quoteName(as)}`);
      this.#app.workspace.touch();
      return `${name} is no longer attached.`;
    });
  }

  async #change(activity: string, action: Parameters<App['perform']>[1]): Promise<void> {
    await this.#app.perform(activity, async (signal, say) => {
      const words = await action(signal, say);
      await this.#onNames();
      return words;
    });
    await this.refresh();
  }

  #large(): void {
    void this.#app
      .perform(`Making ${LARGE_NAME}…`, async (signal) => {
        const database = await this.#app.workspace.open(LARGE_NAME, signal);
        // Of a script that is given up its BEGIN has taken effect.
        const undo = () => database.exec('ROLLBACK').catch(() => undefined);
        await database.exec(LARGE_SQL, { signal }).catch(async (error: unknown) => {
          await undo();
          throw error;
        });
        await this.#onNames();
        return `Made ${LARGE_NAME}.`;
      })
      .then((made) => {
        if (made) this.#app.openText(LARGE_QUERY, { title: 'Measurements', run: true });
      });
  }

  #export(): void {
    void this.#app.perform('Exporting…', async (signal, say) => {
      const { opened } = this.#app.workspace;
      const onProgress = (bytes: number) => say(size(bytes));
      const blob = await opened.export({ as: 'blob', portable: true, signal, onProgress });
      download(opened.name, blob);
      return `Exported ${opened.name}: ${size(blob.size)}.`;
    });
  }

  #dump(): void {
    void this.#app.perform('Writing SQL…', async (signal, say) => {
      const { opened } = this.#app.workspace;
      const { dump } = await import('./dump.ts');
      const blob = await dump(opened, signal, say);
      download(`${opened.name.replace(/\.[^.]*$/, '')}.sql`, blob);
      return `Wrote ${opened.name} as SQL: ${size(blob.size)}.`;
    });
  }

  #check(): void {
    void this.#app.perform('Checking…', async (signal) => {
      const { opened } = this.#app.workspace;
      const found = await opened.query<string>('PRAGMA integrity_check', [], {
        rows: 'scalar',
        signal,
      });
      const foreign = await opened.query('PRAGMA foreign_key_check', [], { signal });
      const sound = found.length === 1 && found[0] === 'ok';
      const keys = count(foreign.length, 'row');
      const list = h('ul', {}, ...found.map((line) => h('li', { dir: 'auto' }, line)));
      const words =
        foreign.length === 0 ? 'Every foreign key has its row.' : `${keys} refer to nothing.`;
      void show(
        sound ? 'The database is sound' : 'The database is damaged',
        list,
        h('p', {}, words),
      );
      return sound ? 'The database is sound.' : 'The database is damaged.';
    });
  }

  #vacuum(): void {
    void this.#change('Vacuuming…', async (signal) => {
      await this.#app.workspace.opened.vacuum({ signal });
      return 'Vacuumed.';
    });
  }

  #checkpoint(): void {
    void this.#change('Checkpointing…', async () => {
      const { opened } = this.#app.workspace;
      const result = await opened.query<bigint[]>('PRAGMA wal_checkpoint(TRUNCATE)', [], {
        rows: 'array',
      });
      const [busy, frames] = result[0] ?? [];
      if (frames === -1n) return 'There is no WAL in this journal mode.';
      return busy === 0n ? 'The WAL is empty.' : 'Another connection still reads from the WAL.';
    });
  }

  #drawStorage(info: Awaited<ReturnType<typeof storageInfo>> | undefined): void {
    if (info === undefined) {
      this.#storage.replaceChildren(h('p', { class: 'soft' }, 'The browser does not say.'));
      return;
    }
    const { usage = 0, quota = 0, persisted, databases } = info;
    const own = databases?.find(({ name }) => name === OWN_NAME)?.bytes ?? 0;
    const meter = h('meter', {
      min: 0,
      max: Math.max(quota, 1),
      high: quota * 0.8,
      'aria-label': 'Storage used',
    });
    meter.value = usage;
    const words = persisted
      ? 'The browser keeps it until you remove it.'
      : 'The browser may remove it if the disk fills up.';
    this.#storage.replaceChildren(
      meter,
      h(
        'p',
        { class: 'soft' },
        `${size(usage)} of about ${size(quota)}; ${size(own)} of it is history.`,
      ),
      h('p', { class: 'soft' }, words),
    );
    if (!persisted) {
      this.#storage.append(button('Keep it', () => this.#persist(), { class: 'small' }));
    }
  }

  #persist(): void {
    void this.#app
      .perform('Asking the browser…', async () => {
        const kept = await requestPersistence();
        return kept ? 'The browser keeps this storage.' : 'The browser has declined to keep it.';
      })
      .then(() => this.refresh());
  }
}
