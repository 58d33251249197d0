/**
 * Where the person's browser may be sent: the standards and vendors' pages that the screens cite. A page cannot send
 * anything elsewhere, so a URL can not carry data out.
 */
const allowedHosts: ReadonlySet<string> = new Set([
  'www.rfc-editor.org',
  'datatracker.ietf.org',
  'www.amd.com',
  'www.intel.com',
  'docs.nvidia.com',
  'docs.aws.amazon.com',
  'age-encryption.org',
  'slsa.dev',
  'in-toto.io',
]);

/** The URL to hand to the system, or null: https, an allowed host, the usual port, no credentials. */
export function externalUrl(url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.protocol !== 'https:' || !allowedHosts.has(parsed.hostname)) return null;
  if (parsed.port !== '' || parsed.username !== '' || parsed.password !== '') return null;
  return parsed.href;
}
