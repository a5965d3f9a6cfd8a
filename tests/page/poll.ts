// Asks the harness what to do, has it done, reports; the start page (main.ts) and the page of a
// tortured tab (torture/tab.ts) call it. It never stops asking, so that several commands can be
// under way at once. It must not know any command.
import type { Outcome } from '../wire';
import { settle } from './settle';

interface Numbered<Command> {
  readonly number: number;
  readonly command: Command;
}

/**
 * Resolves never; `obey` does what a command says. A browser keeps six connections to a host, and
 * as many others for requests without credentials: where there are more tabs, they use both.
 */
export async function listen<Command>(
  tab: string,
  obey: (command: Command) => Promise<Outcome>,
  credentials: RequestCredentials = 'same-origin',
): Promise<never> {
  const channel = `tab=${tab}&instance=${crypto.randomUUID()}`;
  const answer = async ({ number, command }: Numbered<Command>) => {
    const outcome = await settle(() => obey(command));
    const body = outcome.ok ? outcome.value : outcome;
    await fetch(`/channel/done?${channel}&number=${number}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
  };
  for (;;) {
    const response = await fetch(`/channel/poll?${channel}`, { credentials });
    if (response.status === 200) void answer((await response.json()) as Numbered<Command>);
    else if (response.status !== 204) throw new Error(`the harness answered ${response.status}`);
  }
}
