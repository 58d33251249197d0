import { tabToken } from '../contract/web-paths.ts';

/**
 * The page behind the printed link `/open#link=…`. It spends the link for a session cookie and the token of this tab, and
 * moves on to the user interface. The link's secret travels in the fragment, which a browser sends to nobody and keeps out of logs.
 */
export const openPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <link rel="icon" href="data:," />
    <title>Nacre</title>
  </head>
  <body>
    <p id="message" role="status">Opening Nacre …</p>
    <script type="module" src="/open.js"></script>
  </body>
</html>
`;

export const openScript = `const link = new URLSearchParams(location.hash.slice(1)).get('link');
history.replaceState(null, '', '/open');
const response = await fetch('/api/session', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ link: link ?? '' }),
  credentials: 'same-origin',
  cache: 'no-store',
});
const result = await response.json();
if (result.ok) {
  sessionStorage.setItem('${tabToken.storageKey}', result.value.tab);
  location.replace('/');
} else document.getElementById('message').textContent = result.error.message + ' ' + (result.error.hint ?? '');
`;
