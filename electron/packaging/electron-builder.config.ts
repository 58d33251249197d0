import type { Configuration } from 'electron-builder';

/**
 * Packages for the three systems. Fuses close what the running app must never be: a plain Node, a debugger's target, a
 * loader of files outside its archive. `wasmTrapHandlers` stays at its default. ASAR integrity is checked on macOS and
 * Windows; Linux has no such layer.
 */
const configuration: Configuration = {
  appId: 'org.nacre.desktop',
  productName: 'Nacre',
  directories: { output: 'out/packages' },
  files: ['dist/**', 'out/renderer/**', 'out/preload/**', 'assets/**', 'package.json', '!**/*.map'],
  asar: true,
  // Native libraries are loaded by the system, which cannot look into an archive.
  asarUnpack: ['**/*.node'],
  npmRebuild: false,
  electronFuses: {
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableCookieEncryption: true,
    onlyLoadAppFromAsar: true,
    enableEmbeddedAsarIntegrityValidation: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  },
  linux: { target: ['AppImage', 'deb'], category: 'Science' },
  mac: { target: ['dmg', 'zip'], category: 'public.app-category.developer-tools', hardenedRuntime: true },
  win: { target: ['nsis'] },
};

export default configuration;
