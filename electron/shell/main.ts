import path from 'node:path';
import {
  app,
  BrowserWindow,
  dialog,
  Menu,
  MessageChannelMain,
  powerMonitor,
  protocol,
  safeStorage,
  session,
  shell,
  utilityProcess,
} from 'electron';
import { settingsDefaults, settingsSchema } from '../contract/settings.ts';
import { ok } from '../contract/result.ts';
import { createPageHandler, pageSchemeRegistration } from './app-protocol.ts';
import { argumentValue, profileFolder } from './arguments.ts';
import { pageChannels } from '../contract/page-channels.ts';
import { startCoreHost, type CoreHost } from './core-host.ts';
import { externalUrl } from './external-links.ts';
import { handleFromPage } from './ipc.ts';
import { answerKeychain } from './keychain.ts';
import { isOwnPage, lockNavigation, pageOrigin, pageScheme } from './navigation.ts';
import { denyPermissions } from './permissions.ts';
import { startAutoLock } from './power.ts';
import { windowOptions } from './window-options.ts';

/** The composition of the Electron shell. Decisions are in the files beside; here they are only put in place. */
const built = path.join(import.meta.dirname, '..', '..', 'out');
let window: BrowserWindow | undefined;
let core: CoreHost | undefined;
let autoLockMinutes = settingsDefaults.autoLockMinutes;

app.enableSandbox();
protocol.registerSchemesAsPrivileged([pageSchemeRegistration]);

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', showWindow);
  app.on('web-contents-created', (_event, contents) => lockNavigation(contents, openExternal));
  app.on('window-all-closed', () => app.quit());
  app.on('before-quit', quitInOrder);
  void app.whenReady().then(start);
} else {
  app.quit();
}

function start(): void {
  denyPermissions(session.defaultSession, isOwnPage);
  protocol.handle(pageScheme, createPageHandler(path.join(built, 'renderer')));
  Menu.setApplicationMenu(Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }, { role: 'windowMenu' }]));

  const running = startCoreHost({
    profile: profileFolder(process.argv, process.cwd(), path.join(app.getPath('userData'), 'profile')),
    nodeBinary: app.isPackaged ? undefined : argumentValue(process.argv, 'node'),
    fork: () =>
      utilityProcess.fork(path.join(import.meta.dirname, 'core-process.js'), [], { serviceName: 'Nacre core' }),
    keychain: (request) => answerKeychain(safeStorage, process.platform, request),
    onReady: connectPage,
    onFailed: (message) => {
      dialog.showErrorBox('Nacre cannot start', message);
      app.quit();
    },
  });
  core = running;

  handleFromPage(pageChannels.call, windowId, async (method, input) => {
    const result = await running.call(typeof method === 'string' ? method : '', input);
    if (method === 'settings.get' || method === 'settings.set') noteSettings(result.ok ? result.value : undefined);
    return result;
  });
  handleFromPage(pageChannels.connect, windowId, async () => {
    connectPage();
    return ok(null);
  });
  startAutoLock({
    monitor: powerMonitor,
    minutes: () => autoLockMinutes,
    lock: () => void running.call('vault.lock', {}),
  });
  openWindow();
}

function openWindow(): void {
  const preload = path.join(built, 'preload', 'preload.cjs');
  const opened = new BrowserWindow(windowOptions({ preload, version: app.getVersion(), packaged: app.isPackaged }));
  window = opened;
  opened.once('ready-to-show', () => opened.show());
  opened.on('closed', () => {
    window = undefined;
  });
  void opened.loadURL(`${pageOrigin}/`);
}

function showWindow(): void {
  if (window === undefined) return;
  if (window.isMinimized()) window.restore();
  window.focus();
}

function windowId(): number | undefined {
  return window?.webContents.id;
}

/** A fresh channel between page and core: events do not pass through this process. */
function connectPage(): void {
  if (window === undefined || core === undefined) return;
  const { port1, port2 } = new MessageChannelMain();
  core.connect(port1);
  window.webContents.postMessage(pageChannels.events, null, [port2]);
}

function noteSettings(value: unknown): void {
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) autoLockMinutes = parsed.data.autoLockMinutes;
}

function openExternal(url: string): void {
  const safe = externalUrl(url);
  if (safe !== null) void shell.openExternal(safe);
}

/** The core closes its store and locks the vault before the app goes. */
function quitInOrder(event: { preventDefault(): void }): void {
  if (core === undefined) return;
  event.preventDefault();
  const closing = core;
  core = undefined;
  void closing.close().then(() => app.quit());
}
