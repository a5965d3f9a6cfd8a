// What the harness needs of a browser: start, tabs, end. One file per engine implements it; none of
// them may know tests, cells or the channel.
import type { Launch, Tab } from '../../wire';

export type TabUrl = (tab: Tab) => string;

export interface Driver {
  /** Closes the main tab and opens a new one; the tabs that were replaced, by need or not. */
  replaceMain(): Promise<readonly Tab[]>;
  /** SIGKILL to every process of the browser at once; resolves when they are gone. */
  kill(): Promise<void>;
  /** An orderly end. */
  close(): Promise<void>;
  /** The processes of the browser, all of them. */
  processes(): readonly number[];
  screenshot(file: string): Promise<void>;
  readonly version: string;
}

export interface LaunchOptions {
  readonly profile: string;
  readonly launch: Launch;
  readonly url: TabUrl;
  /** Called when the browser goes without having been told to. */
  readonly died: (how: string) => void;
}

export type Launcher = (options: LaunchOptions) => Promise<Driver>;
