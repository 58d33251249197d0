import type { BrowserWindowConstructorOptions } from 'electron';

/** The one kind of window. Every security-relevant default is written out, so that a changed default changes nothing. */
export function windowOptions(options: {
  readonly preload: string;
  readonly version: string;
  readonly packaged: boolean;
}): BrowserWindowConstructorOptions {
  return {
    width: 1360,
    height: 860,
    minWidth: 960,
    minHeight: 600,
    show: false,
    backgroundColor: '#0d1117',
    title: 'Nacre',
    webPreferences: {
      preload: options.preload,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      enableBlinkFeatures: '',
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !options.packaged,
      // Public: the preload shows it to the page.
      additionalArguments: [`--nacre-version=${options.version}`],
    },
  };
}
