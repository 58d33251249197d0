import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where state lives unless `--profile` says otherwise: the place each system keeps application data. */
export function defaultProfile(platform: NodeJS.Platform = process.platform, env = process.env): string {
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Nacre');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Nacre');
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'nacre');
}
