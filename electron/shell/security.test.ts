import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { contentSecurityPolicy } from '../contract/content-security-policy.ts';
import { pageChannels } from '../contract/page-channels.ts';
import packaging from '../packaging/electron-builder.config.ts';
import { createPageHandler, pageFile } from './app-protocol.ts';
import { externalUrl } from './external-links.ts';
import { isTrustedSender } from './ipc.ts';
import { isOwnPage } from './navigation.ts';
import { isAllowedPermission } from './permissions.ts';
import { windowOptions } from './window-options.ts';
import * as fake from './testing/electron-fake.ts';

/**
 * Electron's security list, one describe an item, in its order and under its numbers. The shell's real composition runs
 * once over the fake; decisions are also tested on their own.
 */

const root = path.resolve(import.meta.dirname, '..', '..');
const { webPreferences } = windowOptions({ preload: '/p.cjs', version: '0.1.0', packaged: true });
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'nacre-shell-'));
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html>');
  await import('./main.ts');
  await import('../preload/preload.ts');
  fake.becomeReady();
  await vi.waitFor(() => expect(fake.windows).toHaveLength(1));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const contents = () => {
  const [window] = fake.windows;
  if (window === undefined) throw new Error('no window was opened');
  return window.webContents;
};

const foreign = [
  'https://evil.example/',
  'https://evil.example/?next=app://ui/',
  'app://ui.evil.example/',
  'app://evil/',
  'app://user@ui/',
  'app://ui:8080/',
  'APP:\\\\ui',
  'file:///etc/passwd',
  ['javascript', 'alert(1)'].join(':'),
  'data:text/html,x',
  'about:blank',
  'blob:app://ui/1',
  'not a url',
  '',
];

describe('1 only secure content', () => {
  it('loads its own page and connects nowhere', () => {
    expect(fake.windows[0]?.loaded).toBe('app://ui/');
    expect(contentSecurityPolicy("'none'")).toContain("connect-src 'none'");
  });
});

describe('2 no Node in pages', () => {
  it('is off in every kind of frame and worker', () => {
    expect(webPreferences).toMatchObject({
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
    });
  });
});

describe('3 context isolation', () => {
  it('is on', () => expect(webPreferences?.contextIsolation).toBe(true));
});

describe('4 sandbox', () => {
  it('is on for every process before the app is ready, and for the window', () => {
    const at = (name: string) => fake.journal.indexOf(name);
    expect(at('app.enableSandbox')).toBe(0);
    expect(at('app.enableSandbox')).toBeLessThan(at('app.whenReady'));
    expect(webPreferences?.sandbox).toBe(true);
    expect(fake.windows[0]?.options.webPreferences?.sandbox).toBe(true);
  });
});

describe('5 permissions', () => {
  const ask = (permission: string, requestingUrl: string) => {
    let granted: boolean | undefined;
    fake.permissionHandlers.request?.(contents() as never, permission as never, (answer) => (granted = answer), {
      requestingUrl,
    } as never);
    return granted;
  };
  const check = (permission: string, origin: string) =>
    fake.permissionHandlers.check?.(null, permission as never, origin, {} as never);

  it.each([
    'media',
    'geolocation',
    'notifications',
    'midi',
    'midiSysex',
    'pointerLock',
    'keyboardLock',
    'clipboard-read',
    'display-capture',
    'mediaKeySystem',
    'idle-detection',
    'hid',
    'serial',
    'usb',
    'fileSystem',
    'window-management',
    'openExternal',
    'storage-access',
    'speaker-selection',
    'unknown',
    'a permission of the future',
  ])('denies %s, asked or checked', (permission) => {
    expect(isAllowedPermission(permission)).toBe(false);
    expect([ask(permission, 'app://ui/'), check(permission, 'app://ui/')]).toEqual([false, false]);
  });

  it('lends the camera to our own page, and never a microphone', () => {
    const asked = (url: string, mediaTypes: string[]) => {
      let granted: boolean | undefined;
      const details = { requestingUrl: url, mediaTypes } as never;
      fake.permissionHandlers.request?.(contents() as never, 'media', (answer) => (granted = answer), details);
      return granted;
    };
    const checked = (origin: string, mediaType: string) =>
      fake.permissionHandlers.check?.(null, 'media', origin, { mediaType } as never);
    expect([asked('app://ui/', ['video']), checked('app://ui/', 'video')]).toEqual([true, true]);
    expect([asked('app://ui/', ['audio']), checked('app://ui/', 'audio')]).toEqual([false, false]);
    expect([asked('app://ui/', ['video', 'audio']), asked('app://ui/', [])]).toEqual([false, false]);
    expect([asked('https://example.org/', ['video']), checked('https://example.org', 'video')]).toEqual([false, false]);
  });

  it('lets our page copy and go full screen, and no other page', () => {
    for (const permission of ['clipboard-sanitized-write', 'fullscreen']) {
      expect([ask(permission, 'app://ui/'), check(permission, 'app://ui')]).toEqual([true, true]);
      expect([ask(permission, 'https://evil.example/'), check(permission, 'https://evil.example')]).toEqual([
        false,
        false,
      ]);
    }
  });

  it('gives no device and no picture of the screen', () => {
    expect(fake.permissionHandlers.device?.({ deviceType: 'hid' } as never)).toBe(false);
    let streams: unknown = 'not answered';
    fake.permissionHandlers.display?.({} as never, (answer) => (streams = answer));
    expect(streams).toEqual({});
  });
});

describe('6 web security', () => {
  it('is never off', () => expect(webPreferences?.webSecurity).toBe(true));
});

describe('7 content security policy', () => {
  it('is this, letter for letter, on every answer', async () => {
    const golden =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'none'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
    const answer = createPageHandler(folder);
    for (const url of ['app://ui/', 'app://ui/missing.js']) {
      const response = await answer(new Request(url));
      expect(response.headers.get('content-security-policy')).toBe(golden);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });
});

describe('8 insecure content', () => {
  it('is not allowed', () => expect(webPreferences?.allowRunningInsecureContent).toBe(false));
});

describe('9 experimental features', () => {
  it('are off', () => expect(webPreferences?.experimentalFeatures).toBe(false));
});

describe('10 blink features', () => {
  it('are not switched on', () => expect(webPreferences?.enableBlinkFeatures).toBe(''));
});

describe('11 webviews without popups', () => {
  it('there is no webview at all', () => expect(webPreferences?.webviewTag).toBe(false));
});

describe('12 webview options', () => {
  it('a webview that tries to attach is stopped', () => {
    let prevented = false;
    contents().emit('will-attach-webview', { preventDefault: () => (prevented = true) });
    expect(prevented).toBe(true);
  });
});

describe('13 navigation', () => {
  const stopped = (event: string, url: string) => {
    let prevented = false;
    contents().emit(event, { url, preventDefault: () => (prevented = true) });
    return prevented;
  };

  it.each(foreign)('goes nowhere but to our own page: %j', (url) => {
    expect(isOwnPage(url)).toBe(false);
    for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate']) {
      expect(stopped(event, url), event).toBe(true);
    }
  });

  it('may move within our own page', () => {
    for (const url of ['app://ui/', 'app://ui/index.html#/runs/1', 'app://ui/?x=1']) {
      expect(stopped('will-navigate', url)).toBe(false);
    }
  });
});

describe('14 new windows', () => {
  it.each(['app://ui/', 'https://www.rfc-editor.org/rfc/rfc9334', 'about:blank'])('are never opened: %s', (url) => {
    expect(contents().openHandler?.({ url } as never)).toEqual({ action: 'deny' });
  });
});

describe('15 openExternal', () => {
  it.each([
    ...foreign,
    'http://www.rfc-editor.org/',
    'https://www.rfc-editor.org.evil.example/',
    'https://www.rfc-editor.org@evil.example/',
    'https://user:word@www.rfc-editor.org/',
    'https://www.rfc-editor.org:8443/',
    'mailto:someone@example.org',
    'smb://host/share',
    'ms-msdt:/id',
  ])('never gets %j', (url) => expect(externalUrl(url)).toBeNull());

  it('gets only what is on the list, from a click or a new window', () => {
    fake.openedOutside.length = 0;
    const good = 'https://www.rfc-editor.org/rfc/rfc9334';
    contents().openHandler?.({ url: good } as never);
    contents().openHandler?.({ url: 'https://evil.example/' } as never);
    contents().emit('will-navigate', { url: good, preventDefault: () => undefined });
    contents().emit('will-navigate', { url: 'file:///bin/sh', preventDefault: () => undefined });
    expect(fake.openedOutside).toEqual([good, good]);
  });
});

describe('16 a current Electron', () => {
  it('is pinned exactly, at 45 or later', () => {
    const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    expect(devDependencies['electron']).toMatch(/^\d+\.\d+\.\d+$/);
    expect(Number(devDependencies['electron']?.split('.')[0])).toBeGreaterThanOrEqual(45);
  });
});

describe('17 senders of messages', () => {
  const sender = (change: { id?: number; url?: string; parent?: unknown; frame?: null }) => ({
    sender: { id: change.id ?? 7 },
    senderFrame: change.frame === null ? null : { url: change.url ?? 'app://ui/#/runs', parent: change.parent ?? null },
  });

  it('must be our window, its main frame and our origin', () => {
    expect(isTrustedSender(sender({}), 7)).toBe(true);
    expect(isTrustedSender(sender({ id: 8 }), 7)).toBe(false);
    expect(isTrustedSender(sender({ parent: {} }), 7)).toBe(false);
    expect(isTrustedSender(sender({ frame: null }), 7)).toBe(false);
    expect(isTrustedSender(sender({}), undefined)).toBe(false);
    for (const url of foreign) expect(isTrustedSender(sender({ url }), 7), url).toBe(false);
  });

  it('are asked on every channel before a handler runs', async () => {
    expect([...fake.invokeHandlers.keys()].toSorted()).toEqual([pageChannels.call, pageChannels.connect]);
    for (const handler of fake.invokeHandlers.values()) {
      const answer = await handler(sender({ url: 'https://evil.example/' }) as never, 'vault.lock', {});
      expect(answer).toMatchObject({ ok: false, error: { code: 'not_permitted' } });
    }
    const messages = fake.forked[0]?.process.received.map(({ message }) => message);
    expect(messages?.filter((message) => (message as { kind: string }).kind === 'call')).toEqual([]);
  });
});

describe('18 a protocol of our own', () => {
  it('is registered before the app is ready, without bypassing the policy', () => {
    const { journal } = fake;
    expect(journal.indexOf('protocol.registerSchemesAsPrivileged')).toBeLessThan(journal.indexOf('app.whenReady'));
    expect(fake.registeredSchemes).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
    ]);
    expect([...fake.protocolHandlers.keys()]).toEqual(['app']);
  });

  it.each([
    'app://ui/..%2fsecret.json',
    'app://ui/%2e%2e%2fsecret.json',
    'app://ui/..%5c..%5csecret.json',
    'app://ui/%252e%252e/secret.json',
    'app://ui//etc/passwd',
    'app://ui/index.html%00.js',
    'app://ui/%ff.js',
    'app://ui/no-ending',
    'app://other/index.html',
    'https://ui/index.html',
  ])('serves nothing for %s', async (url) => {
    const file = pageFile(folder, 'GET', url);
    expect(file === null || path.relative(folder, file).startsWith('..') === false).toBe(true);
    if (url.startsWith('app:')) expect((await createPageHandler(folder)(new Request(url))).status).toBe(404);
    else expect(file).toBeNull();
  });

  it('answers GET only', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) expect(pageFile(folder, method, 'app://ui/')).toBeNull();
    expect(pageFile(folder, 'GET', 'app://ui/')).toBe(path.join(folder, 'index.html'));
    expect(pageFile('/a/renderer', 'GET', 'app://ui/..%2frenderer-other/x.js')).toBeNull();
  });
});

describe('19 fuses', () => {
  it('are all set to the closed side', () => {
    expect(packaging.electronFuses).toEqual({
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableCookieEncryption: true,
      onlyLoadAppFromAsar: true,
      enableEmbeddedAsarIntegrityValidation: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: false,
    });
    expect(packaging.asar).toBe(true);
  });
});

describe('20 nothing of Electron in the page', () => {
  it('shows four members and nothing else', () => {
    expect([...fake.exposed.keys()]).toEqual(['nacre']);
    expect(Object.keys(fake.exposed.get('nacre') ?? {}).toSorted()).toEqual(['call', 'pathOf', 'subscribe', 'version']);
  });

  it('tells the path of a file that a person dropped, and of nothing else', () => {
    const { pathOf } = fake.exposed.get('nacre') as { pathOf: (file: unknown) => string };
    expect(pathOf(new File(['x'], 'quote.bin'))).toBe('/dropped/quote.bin');
    for (const made of ['/etc/passwd', { name: '/etc/passwd' }, null, new Blob(['x'])]) expect(pathOf(made)).toBe('');
  });
});
