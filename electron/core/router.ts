import type { z } from 'zod';
import { lockedMethods, methods, type MethodName, type MethodOutput } from '../contract/methods.ts';
import { err, ok, type Result } from '../contract/result.ts';
import type { CallContext } from './types.ts';

type ParsedInput<M extends MethodName> = z.output<(typeof methods)[M]['input']>;

/** One handler for every method of the contract; a missing one does not compile. */
export type Handlers = {
  readonly [M in MethodName]: (input: ParsedInput<M>, context: CallContext) => Promise<Result<MethodOutput<M>>>;
};

export interface RouterOptions {
  readonly handlers: Handlers;
  readonly unlocked: () => boolean;
  /** Told of every thrown bug, with its stack, for the log on disk. The caller of the method never sees the stack. */
  readonly onBug: (method: string, error: unknown) => void;
}

/**
 * Parses, gates, dispatches. Input from a host is `unknown` until its schema has read it; output is read by its schema
 * too, so that nothing the contract does not name can leave the core.
 */
export function createRouter(
  options: RouterOptions,
): (name: string, input: unknown, context: CallContext) => Promise<Result<unknown>> {
  return async (name, input, context) => {
    if (!isMethodName(name)) return err('not_found', `There is no method ${JSON.stringify(name.slice(0, 64))}.`);
    if (!lockedMethods.has(name) && !options.unlocked()) {
      return err('locked', 'The vault is locked.', { hint: 'Unlock it with the passphrase, then try again.' });
    }
    const parsed = methods[name].input.safeParse(input ?? {});
    if (!parsed.success) return inputError(name, parsed.error.issues);
    try {
      const handler = options.handlers[name] as (input: unknown, context: CallContext) => Promise<Result<unknown>>;
      const answer = await handler(parsed.data, context);
      if (!answer.ok) return answer;
      const output = methods[name].output.safeParse(answer.value);
      if (output.success) return ok(output.data);
      options.onBug(name, output.error);
      return err('internal', `The answer of ${name} is not what the contract promises. This is a bug in Nacre.`);
    } catch (error) {
      options.onBug(name, error);
      return err('internal', `${name} failed inside Nacre. This is a bug; the log of the profile has the details.`);
    }
  };
}

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

/** Names the place in bad input: `draft.program.epochs: Too small…`. Never repeats the value, which may be secret. */
export function inputError(
  what: string,
  issues: readonly z.core.$ZodIssue[],
): { readonly ok: false; readonly error: import('../contract/result.ts').NacreError } {
  const places = issues.slice(0, 5).map((issue) => {
    const place = issue.path.map(String).join('.');
    return { place, message: issue.message };
  });
  const first = places[0];
  const where = first === undefined || first.place === '' ? '' : `${first.place}: `;
  return err('invalid_input', `${what}: ${where}${first?.message ?? 'input does not fit'}.`, {
    details: { problems: places },
  });
}
