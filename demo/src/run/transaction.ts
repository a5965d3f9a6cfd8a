/**
 * Says that the open database has a transaction open, which somebody began by SQL, and how to end
 * it; lets nobody leave it unawares. Made by main.ts, which tells it what each run has come to.
 */
import type { App } from '../app.ts';
import { confirm } from '../dialogs.ts';
import { button, h } from '../dom.ts';

const WORDS = 'A transaction is open: nobody else sees its changes, and others may wait for it.';

export class TransactionNote {
  readonly #app: App;
  readonly #element: HTMLElement;

  constructor(element: HTMLElement, app: App) {
    this.#element = element;
    this.#app = app;
    element.append(
      h('span', {}, WORDS),
      button('Commit', () => this.#end('COMMIT'), { class: 'small', 'data-testid': 'commit' }),
      button('Roll back', () => this.#end('ROLLBACK'), {
        class: 'small',
        'data-testid': 'roll-back',
      }),
    );
    addEventListener('beforeunload', (event) => {
      if (this.open) event.preventDefault();
    });
  }

  get open(): boolean {
    return !this.#element.hidden;
  }

  set open(isOpen: boolean) {
    this.#element.hidden = !isOpen;
  }

  /** Whether what the transaction has changed may be given up. */
  async mayLeave(): Promise<boolean> {
    if (!this.open) return true;
    return confirm({
      title: 'Leave the open transaction?',
      text: 'It ends when its database is closed, and what it has changed is undone.',
      action: 'Roll back and leave',
    });
  }

  #end(sql: 'COMMIT' | 'ROLLBACK'): void {
    void this.#app.perform('Ending the transaction…', async () => {
      const { opened } = this.#app.workspace;
      await opened.exec(sql);
      this.open = (await opened.stats()).transaction;
      this.#app.workspace.touch();
      return sql === 'COMMIT' ? 'Committed.' : 'Rolled back.';
    });
  }
}
