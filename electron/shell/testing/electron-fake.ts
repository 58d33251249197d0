import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type * as Electron from 'electron';

/**
 * Stands in for `electron` in tests (the real package can start a download when it is imported outside Electron). Each
 * object is checked against electron.d.ts: a name or a parameter that Electron does not have does not compile.
 */
type Named<T> = { [K in keyof T]?: T[K] extends (...values: infer P) => unknown ? (...values: P) => unknown : T[K] };

/** What the shell did, in order; `app.enableSandbox` must come before `app.whenReady`. */
export const journal: string[] = [];
const note = (what: string) => void journal.push(what);

export const appEvents = new EventEmitter();
let markReady: () => void = () => undefined;
const ready = new Promise<void>((resolve) => {
  markReady = resolve;
});
/** Lets `app.whenReady` come true. */
export const becomeReady = (): void => markReady();

export const app = {
  isPackaged: true,
  enableSandbox: () => note('app.enableSandbox'),
  requestSingleInstanceLock: () => {
    note('app.requestSingleInstanceLock');
    return true;
  },
  whenReady: () => {
    note('app.whenReady');
    return ready;
  },
  getVersion: () => '0.1.0',
  getPath: (name) => `/profiles/${name}`,
  quit: () => note('app.quit'),
  on: (event: string, listener: (...values: never[]) => void) => appEvents.on(event, listener as () => void),
} satisfies Named<Electron.App>;

export const permissionHandlers: {
  request?: Parameters<Electron.Session['setPermissionRequestHandler']>[0];
  check?: Parameters<Electron.Session['setPermissionCheckHandler']>[0];
  device?: Parameters<Electron.Session['setDevicePermissionHandler']>[0];
  display?: Parameters<Electron.Session['setDisplayMediaRequestHandler']>[0];
} = {};

export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler) => void (permissionHandlers.request = handler),
    setPermissionCheckHandler: (handler) => void (permissionHandlers.check = handler),
    setDevicePermissionHandler: (handler) => void (permissionHandlers.device = handler),
    setDisplayMediaRequestHandler: (handler) => void (permissionHandlers.display = handler),
  } satisfies Named<Electron.Session>,
};

export const registeredSchemes: Electron.CustomScheme[] = [];
export const protocolHandlers = new Map<string, (request: Request) => Response | Promise<Response>>();

export const protocol = {
  registerSchemesAsPrivileged: (schemes) => {
    note('protocol.registerSchemesAsPrivileged');
    registeredSchemes.push(...schemes);
  },
  handle: (scheme, handler) => void protocolHandlers.set(scheme, handler as (request: Request) => Response),
} satisfies Named<Electron.Protocol>;

export const invokeHandlers = new Map<string, (event: never, ...values: unknown[]) => Promise<unknown>>();
export const ipcMain = {
  handle: (channel, listener) => void invokeHandlers.set(channel, listener as never),
} satisfies Named<Electron.IpcMain>;

export class FakeContents extends EventEmitter {
  readonly id = 7;
  readonly posted: { channel: string; ports: number }[] = [];
  openHandler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0] | undefined;
  setWindowOpenHandler(handler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0]): void {
    this.openHandler = handler;
  }
  postMessage(channel: string, _message: unknown, transfer: readonly unknown[]): void {
    this.posted.push({ channel, ports: transfer.length });
  }
}

export const windows: BrowserWindow[] = [];
export class BrowserWindow extends EventEmitter {
  readonly webContents = new FakeContents();
  readonly options: Electron.BrowserWindowConstructorOptions;
  loaded = '';
  shown = false;
  focused = 0;
  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super();
    this.options = options;
    windows.push(this);
    appEvents.emit('web-contents-created', {}, this.webContents);
  }
  async loadURL(url: string): Promise<void> {
    this.loaded = url;
  }
  show(): void {
    this.shown = true;
  }
  isMinimized(): boolean {
    return false;
  }
  restore(): void {
    this.focused += 1;
  }
  focus(): void {
    this.focused += 1;
  }
}

export class FakeCoreProcess extends EventEmitter {
  readonly received: { message: unknown; ports: number }[] = [];
  killed = false;
  postMessage(message: unknown, ports: readonly unknown[] = []): void {
    this.received.push({ message, ports: ports.length });
  }
  kill(): boolean {
    this.killed = true;
    this.emit('exit', 0);
    return true;
  }
}

export const forked: { path: string; args: readonly string[]; process: FakeCoreProcess }[] = [];
export const utilityProcess = {
  fork: (path, args) => {
    const child = new FakeCoreProcess();
    forked.push({ path, args: args ?? [], process: child });
    return child;
  },
} satisfies Named<typeof Electron.utilityProcess>;

export class MessageChannelMain {
  readonly port1: unknown;
  readonly port2: unknown;
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = port1;
    this.port2 = port2;
  }
}

export const openedOutside: string[] = [];
export const shell = {
  openExternal: async (url) => void openedOutside.push(url),
} satisfies Named<Electron.Shell>;

/** Turned over, so that what was sealed is not what was given. */
export const keychainState = {
  available: true,
  backend: 'gnome_libsecret' as ReturnType<Electron.SafeStorage['getSelectedStorageBackend']>,
};
export const safeStorage = {
  isAsyncEncryptionAvailable: async () => keychainState.available,
  encryptStringAsync: async (text) => Buffer.from(text).map((byte) => byte ^ 0xff) as Buffer,
  decryptStringAsync: async (box) => ({
    shouldReEncrypt: false,
    result: Buffer.from(box.map((byte) => byte ^ 0xff)).toString(),
  }),
  getSelectedStorageBackend: () => keychainState.backend,
} satisfies Named<Electron.SafeStorage>;

export const powerEvents = new EventEmitter();
export const idle = { seconds: 0, state: 'active' as 'active' | 'idle' | 'locked' | 'unknown' };
export const powerMonitor = {
  getSystemIdleTime: () => idle.seconds,
  getSystemIdleState: () => idle.state,
  on: (event: string, listener: (...values: never[]) => void) => powerEvents.on(event, listener as () => void),
} satisfies Named<Electron.PowerMonitor>;

export const errorBoxes: string[] = [];
export const dialog = {
  showErrorBox: (title, content) => void errorBoxes.push(`${title}: ${content}`),
} satisfies Named<Electron.Dialog>;

export const Menu = {
  buildFromTemplate: (template) => template,
  setApplicationMenu: () => note('Menu.setApplicationMenu'),
} satisfies Named<typeof Electron.Menu>;

export const exposed = new Map<string, Record<string, unknown>>();
export const contextBridge = {
  exposeInMainWorld: (name, api: Record<string, unknown>) => void exposed.set(name, api),
} satisfies Named<Electron.ContextBridge>;

export const invoked: { channel: string; values: unknown[] }[] = [];
export const pageListeners = new Map<string, (event: never) => void>();
export const ipcRenderer = {
  invoke: async (channel, ...values) => {
    invoked.push({ channel, values });
    return { ok: true, value: null };
  },
  on: (channel, listener) => void pageListeners.set(channel, listener as never),
} satisfies Named<Electron.IpcRenderer>;

export const webUtils = {
  getPathForFile: (file) => `/dropped/${file.name}`,
} satisfies Named<Electron.WebUtils>;
