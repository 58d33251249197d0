/** Joins class names, leaving out what is absent; CSS modules and conditions give `undefined` or `false`. */
export function cx(...names: ReadonlyArray<string | false | null | undefined>): string {
  return names.filter((name): name is string => typeof name === 'string' && name !== '').join(' ');
}
