import { expect, test } from '../fixtures.ts';

test('a link opens one tab only', async ({ page, host, context }) => {
  await expect(page).toHaveTitle(/Nacre/);
  const second = await context.newPage();
  await second.goto(host.link);
  await expect(second.getByRole('status')).toContainText('used already');
});

test('the page runs no inline script', async ({ page, complaints }) => {
  await page.evaluate(() => {
    const script = document.createElement('script');
    try {
      script.textContent = 'window.injected = true';
    } catch {
      // Trusted types refuse the assignment itself.
    }
    document.body.append(script);
  });
  expect(await page.evaluate(() => 'injected' in window)).toBe(false);
  // The refusal is what the browser logs as an error.
  expect(complaints.length).toBeGreaterThan(0);
  expect(complaints.every((complaint) => /Content Security Policy|TrustedScript|trusted/i.test(complaint))).toBe(true);
  complaints.length = 0;
});

test('a page of another local port can neither call nor listen', async ({ page, host, context }) => {
  const { createServer } = await import('node:http');
  await expect(page).toHaveTitle(/Nacre/);
  const foreign = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>foreign</title>');
  });
  await new Promise<void>((resolve) => {
    foreign.listen(0, '127.0.0.1', () => resolve());
  });
  try {
    const address = foreign.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const evil = await context.newPage();
    await evil.goto(`http://127.0.0.1:${port}/`);
    const outcome = await evil.evaluate(async (origin) => {
      const call = await fetch(`${origin}/api/call`, {
        method: 'POST',
        credentials: 'include',
        mode: 'no-cors',
        headers: { 'content-type': 'text/plain' },
        body: '{"method":"app.state","input":{}}',
      }).then(
        (response) => response.type,
        () => 'refused',
      );
      const socket = await new Promise<string>((resolve) => {
        const opened = new WebSocket(`${origin.replace('http', 'ws')}/api/events`);
        opened.addEventListener('open', () => resolve('open'));
        opened.addEventListener('error', () => resolve('refused'));
      });
      return { call, socket };
    }, host.origin);
    expect(outcome.socket).toBe('refused');
    expect(['opaque', 'refused']).toContain(outcome.call);
  } finally {
    foreign.close();
  }
});
