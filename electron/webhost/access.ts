import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Who may talk to the web host. Any page a browser on this machine opens can send requests to 127.0.0.1, so being
 * local proves nothing: the name the request was sent to, the page it comes from and a secret must all fit.
 */

/** The only names a browser may know this host by. A rebinding attack sends the attacker's own name here. */
export function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** The page must come from this very host under the very name that the request was sent to. */
export function isOwnOrigin(origin: string | undefined, host: string): boolean {
  return origin === `http://${host}`;
}

/** Browsers say where a request comes from; other programs send nothing. Only a page of ours and the address bar pass. */
export function isOwnSite(fetchSite: string | string[] | undefined): boolean {
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none';
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** No token holds a space. */
const digestOfBoth = (cookie: string, tab: string) => digest(`${cookie} ${tab}`);

export interface Sessions {
  /** A fresh link token; the one before it stops working. */
  newLink(): string;
  /** Spends the link token for the two tokens of a session; undefined when it is not the open one. */
  exchange(linkToken: string): { readonly cookie: string; readonly tab: string } | undefined;
  /** Both must be of one session: the cookie, which other ports can collect, and the tab's, which they cannot. */
  holds(cookie: string, tab: string): boolean;
}

/** More pages than any person opens; the oldest goes when one more comes. */
const sessionsMaximum = 16;

/**
 * Link and session tokens, 32 random bytes each. Only digests are kept, and every comparison walks over digests of one
 * length in constant time.
 */
export function createSessions(random: (bytes: number) => Uint8Array): Sessions {
  let link: Buffer | undefined;
  const sessions: Buffer[] = [];
  const token = () => Buffer.from(random(32)).toString('base64url');
  return {
    newLink() {
      const fresh = token();
      link = digest(fresh);
      return fresh;
    },
    exchange(linkToken) {
      if (link === undefined || !timingSafeEqual(link, digest(linkToken))) return undefined;
      link = undefined;
      const session = { cookie: token(), tab: token() };
      sessions.push(digestOfBoth(session.cookie, session.tab));
      if (sessions.length > sessionsMaximum) sessions.shift();
      return session;
    },
    holds(cookie, tab) {
      const offered = digestOfBoth(cookie, tab);
      let found = false;
      for (const known of sessions) found = timingSafeEqual(known, offered) || found;
      return found;
    },
  };
}
