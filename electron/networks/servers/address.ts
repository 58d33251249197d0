import { isIP } from 'node:net';
import { err, ok, type Result } from '../../contract/result.ts';

/** The only danger of these servers that a person may accept by name. */
type Accepted = readonly string[];

/**
 * The base address of a server that a person names: http(s), host, port, and where it lives below a path, that path. Errors:
 * `invalid_input` saying what is wrong: a name or password in it (they would end up in logs), a query; `not_permitted` for
 * plain http to another machine, unless `plain-http` was accepted.
 * @param what begins the sentence: "The address of the MLflow server".
 */
export function parseServerAddress(address: string, what: string, accepted: Accepted): Result<URL> {
  const wrong = (why: string) =>
    err('invalid_input', `${what} ${why}.`, { hint: 'Such as https://tracking.example:5000' });
  if (address.length > 2048 || !URL.canParse(address)) return wrong('is no URL');
  const url = new URL(address);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return wrong('is neither https nor http');
  if (url.username !== '' || url.password !== '') return wrong('holds a name or a password; give them apart');
  if (url.search !== '' || url.hash !== '') return wrong('has a query; only host, port and path belong there');
  if (url.protocol === 'http:' && !isLoopback(url) && !accepted.includes('plain-http')) {
    return err('not_permitted', `${what} is plain http to another machine.`, {
      hint: 'Whoever sees the traffic reads and changes it, and takes the token. Use https, or accept plain-http by name.',
      details: { danger: 'plain-http' },
    });
  }
  if (!url.pathname.endsWith('/')) url.pathname = `${url.pathname}/`;
  return ok(url);
}

/** True only for addresses that cannot leave this machine; a name is never trusted to stay what it resolves to. */
function isLoopback({ hostname }: URL): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}
