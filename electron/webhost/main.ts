import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { NacreError } from '../contract/result.ts';
import { createCore } from '../core/create-core.ts';
import { readArguments } from './arguments.ts';
import { startWebHost } from './server.ts';

/** `npm start -- --web`: the core behind a loopback web server, until Ctrl-C. */
async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2), process.cwd());
  if (!options.ok) return report(options.error, 2);
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  const core = await createCore({ profile: options.value.profile, host: 'web' });
  if (!core.ok) return report(core.error, 3);
  const host = await startWebHost({
    core: core.value,
    port: options.value.port,
    pages: path.join(import.meta.dirname, '..', '..', 'out', 'renderer'),
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    onLinkUsed: (next) => process.stderr.write(`nacre: for another browser tab: ${next}\n`),
  });
  if (!host.ok) {
    await core.value.close();
    return report(host.error, 3);
  }
  process.stdout.write(`Nacre is at ${host.value.link}\n`);
  process.stderr.write('nacre: the link opens one browser tab on this machine; Ctrl-C ends Nacre\n');
  const page = options.value.openBrowser ? await openBrowser(options.value.profile, host.value.link) : undefined;
  await stopped;
  if (page !== undefined) await rm(page, { force: true });
  await host.value.close();
  await core.value.close();
  return 0;
}

function report(error: NacreError, code: number): number {
  process.stderr.write(`nacre: ${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}\n`);
  return code;
}

/**
 * Opens the link in the system's browser by way of a page that only this user can read: programs' arguments are
 * visible to everyone on the machine. The link is printed too, so a machine without a browser loses nothing.
 */
async function openBrowser(profile: string, link: string): Promise<string> {
  const page = path.join(profile, 'open-nacre.html');
  const html = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${link}"><title>Nacre</title>`;
  await writeFile(page, html, { mode: 0o600 });
  const openers: Partial<Record<NodeJS.Platform, string[]>> = { darwin: ['open'], win32: ['explorer.exe'] };
  const [program = 'xdg-open', ...args] = openers[process.platform] ?? [];
  const child = spawn(program, [...args, page], { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write('nacre: no browser was found here; open the link yourself\n'));
  child.unref();
  return page;
}

process.exitCode = await main();
