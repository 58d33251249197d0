import { isIP } from 'node:net';
import { err, ok, type Result } from '../../contract/result.ts';

/** Why an address is dangerous although it can be connected to; empty when it is not. */
export type RayDanger = 'plain-http' | 'no-authentication';

/** What a person must read before either is overridden. */
export const dangerReasons: Readonly<Record<RayDanger, string>> = {
  'plain-http':
    'The address is plain http to another machine: whoever sees the traffic takes the token, and with it runs code on every node of the cluster.',
  'no-authentication':
    'The dashboard asks for no token. An open Ray dashboard is remote code execution: whoever reaches it runs any program on every node.',
};

/**
 * The origin of a dashboard. Errors: `invalid_input` naming what is wrong: no http(s), a path, or a name or password in it
 * (they would end up in logs).
 */
export function parseRayAddress(address: string): Result<URL> {
  if (address.length > 2048 || !URL.canParse(address)) return wrong('is no URL');
  const url = new URL(address);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return wrong('is neither https nor http');
  if (url.username !== '' || url.password !== '') return wrong('holds a name or a password; give the token instead');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return wrong('has a path; only host and port belong there');
  return ok(url);
}

/** True only for addresses that cannot leave this machine; a name is never trusted to stay what it resolves to. */
export function isLoopback({ hostname }: URL): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}

function wrong(what: string) {
  return err('invalid_input', `The address of the Ray dashboard ${what}.`, {
    hint: 'Such as https://head.example:8265',
  });
}
