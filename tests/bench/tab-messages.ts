// What a page and the tabs that it has opened for a benchmark say to each other.
// Used by tabs.ts and tab.ts; it must not know what is measured.
import type { TabRequest, TabsSubject } from '../bench-tabs-wire';

/** The name of the channel on which all of them speak. */
export const CHANNEL = 'bench-tabs';

/** To a tab; without a request it is to go. */
export interface ToTab {
  readonly tab: number;
  readonly number: number;
  readonly subject?: TabsSubject;
  readonly request?: TabRequest;
}

/** From a tab; one that has arrived says so under the number 0. */
export interface FromTab {
  readonly from: number;
  readonly number: number;
  readonly value?: unknown;
  readonly failure?: string;
}
