import type { WebContents } from 'electron';

/** Where the user interface lives. `standard` makes it a real origin. */
export const pageScheme = 'app';
export const pageOrigin = 'app://ui';

/**
 * Whether a URL is a page of ours: by a URL parser, scheme and host exactly, no credentials, no port. A test on the
 * text of a URL is fooled by `https://evil.example/?app://ui/`.
 */
export function isOwnPage(url: string): boolean {
  const parsed = URL.parse(url);
  if (parsed === null) return false;
  const { protocol, host, username, password } = parsed;
  return protocol === `${pageScheme}:` && host === 'ui' && username === '' && password === '';
}

const stay = (event: { readonly url: string; preventDefault(): void }) => {
  if (!isOwnPage(event.url)) event.preventDefault();
};

/** Locks a page in place: it goes nowhere but to itself, opens no window and hosts no webview. */
export function lockNavigation(contents: WebContents, onExternal: (url: string) => void): void {
  contents.on('will-navigate', (event) => {
    stay(event);
    if (!isOwnPage(event.url)) onExternal(event.url);
  });
  contents.on('will-redirect', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    onExternal(url);
    return { action: 'deny' };
  });
}
