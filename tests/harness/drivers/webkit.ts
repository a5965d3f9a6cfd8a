// WebKitGTK: plain MiniBrowser on an X server of its own, because OPFS fails in WebDriver sessions.
// Its tabs are the addresses on the command line; a tab cannot be closed from outside, so the whole
// browser is ended in order instead. Called by session.ts; it must not know tests or the channel.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readdirSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { TABS } from '../../wire';
import { killMarked, marked, markedEnvironment } from '../processes';
import type { Driver, LaunchOptions } from './driver';

/** OPFS is off by default here. */
const FEATURES =
  '--features=+StorageAPI,+StorageAPIEstimate,+FileSystem,+AccessHandle,+FileSystemWritableStream';

function miniBrowser(): string {
  const parent = '/usr/lib';
  for (const folder of readdirSync(parent).filter((name) => name.endsWith('-linux-gnu'))) {
    const libraries = readdirSync(join(parent, folder));
    if (libraries.includes('webkit2gtk-4.1')) {
      return join(parent, folder, 'webkit2gtk-4.1/MiniBrowser');
    }
  }
  throw new Error('MiniBrowser is not installed (Debian package libwebkit2gtk-4.1-0)');
}

/** An X server on a display number it picks itself. */
async function startDisplay(mark: string, env: Record<string, string>): Promise<string> {
  const server = spawn(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'],
    { env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );
  const pipe = server.stdio[3] as NodeJS.ReadableStream;
  const failed = once(server, 'exit').then(() => {
    throw new Error(`Xvfb ended before it had a display (${mark})`);
  });
  const [chunk] = (await Promise.race([once(pipe, 'data'), failed])) as [Buffer];
  failed.catch(() => undefined);
  return `:${chunk.toString().trim()}`;
}

export async function launchWebkit(options: LaunchOptions): Promise<Driver> {
  const home = options.profile;
  mkdirSync(join(home, 'tmp'), { recursive: true });
  const { env, mark } = markedEnvironment({
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
  });
  env['DISPLAY'] = await startDisplay(mark, env);
  const features = options.launch === 'refused' ? [] : [FEATURES];
  const log = openSync(join(home, 'log.txt'), 'a');
  let expected = false;
  let browser: ChildProcess;
  const start = () => {
    expected = false;
    browser = spawn(miniBrowser(), [...features, ...TABS.map(options.url)], {
      env,
      stdio: ['ignore', log, log],
    });
    browser.once('exit', (code, signal) => {
      if (!expected) options.died(`it ended with ${signal ?? code}`);
    });
  };
  const stop = async () => {
    expected = true;
    if (browser.exitCode !== null || browser.signalCode !== null) return;
    const gone = once(browser, 'exit');
    browser.kill('SIGTERM');
    await gone;
  };
  start();
  return {
    version: execFileSync(miniBrowser(), ['--version'], { env }).toString().trim(),
    async replaceMain() {
      await stop();
      start();
      return TABS;
    },
    async kill() {
      expected = true;
      await killMarked(mark);
    },
    async close() {
      await stop();
      await killMarked(mark);
    },
    processes: () => marked(mark),
    screenshot: () => Promise.reject(new Error('no screenshots of WebKitGTK')),
  };
}
