import path from 'node:path';

/** The value of `--name VALUE` or `--name=VALUE`; Chromium's own switches stand between ours, so the rest is let be. */
export function argumentValue(args: readonly string[], name: string): string | undefined {
  const inline = args.find((argument) => argument.startsWith(`--${name}=`));
  if (inline !== undefined) return inline.slice(name.length + 3);
  const at = args.indexOf(`--${name}`);
  const value = at === -1 ? undefined : args[at + 1];
  return value === undefined || value.startsWith('--') ? undefined : value;
}

/** `--profile DIR`, else the given place. */
export function profileFolder(args: readonly string[], workingDirectory: string, otherwise: string): string {
  const named = argumentValue(args, 'profile');
  return named === undefined ? otherwise : path.resolve(workingDirectory, named);
}
