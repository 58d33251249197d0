import path from 'node:path';
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../contract/result.ts';
import { defaultProfile } from '../core/default-profile.ts';

export interface WebHostArguments {
  readonly profile: string;
  readonly port: number;
  readonly openBrowser: boolean;
}

/** Reads `--profile DIR`, `--port N`, `--no-open`. Errors: `invalid_input`, naming the argument. */
export function readArguments(args: readonly string[], workingDirectory: string): Result<WebHostArguments> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { profile: { type: 'string' }, port: { type: 'string' }, 'no-open': { type: 'boolean' } },
      allowPositionals: false,
    });
    const port = Number(values.port ?? '0');
    if (!/^\d{1,5}$/.test(values.port ?? '0') || port > 65_535) {
      return err('invalid_input', `--port ${JSON.stringify(values.port)} is not a port number (0 to 65535).`);
    }
    const profile = values.profile === undefined ? defaultProfile() : path.resolve(workingDirectory, values.profile);
    return ok({ profile, port, openBrowser: values['no-open'] !== true });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ', 1)[0] : 'unreadable arguments';
    return err('invalid_input', `${reason}.`, { hint: 'npm start -- --web [--no-open] [--profile DIR] [--port N]' });
  }
}
