// One browser with one page, for as long as some work takes. The benchmark and the campaigns that
// need no second tab call it. It must not know what they do.
import type { Browser } from '../wire';
import { Channel } from './channel';
import { serveTests } from './server';
import { Session } from './session';

/** Starts it, works, and ends it. Where its pages are `isolated`, they can measure memory. */
export async function withLoneSession<T>(
  browser: Browser,
  profiles: string,
  work: (session: Session) => Promise<T>,
  isolated = false,
): Promise<T> {
  const channel = new Channel();
  const nobody = () => Promise.reject(new Error('here is no second tab'));
  const server = await serveTests(channel, '', nobody, undefined, isolated);
  const session = new Session(browser, 'plain', { channel, origin: server.origin, profiles });
  try {
    await session.start();
    return await work(session);
  } finally {
    await session.stop();
    server.close();
  }
}
