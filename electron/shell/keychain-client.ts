import { z } from 'zod';
import { err, ok, type Result } from '../contract/result.ts';
import type { KeychainPort } from '../core/types.ts';
import type { FromCore } from './core-messages.ts';

const statusSchema = z.object({ available: z.boolean(), backend: z.string().max(64), reason: z.string().optional() });
const answerSchema = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.object({ message: z.string(), hint: z.string().optional() }) }),
]);

/** The system may ask a person for leave first. */
const patienceMs = 120_000;

/** The keychain of the main process, as the core sees it from its own process. */
export function createKeychainClient(send: (message: FromCore) => void): {
  readonly port: KeychainPort;
  answer(id: number, result: unknown): void;
} {
  const waiting = new Map<number, (result: unknown) => void>();
  let nextId = 0;

  const ask = async (act: 'status' | 'seal' | 'open', bytes?: Uint8Array): Promise<Result<unknown>> => {
    const id = nextId++;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    waiting.set(id, resolve);
    const timer = setTimeout(() => resolve(undefined), patienceMs);
    const text = bytes === undefined ? {} : { bytes: Buffer.from(bytes).toString('base64') };
    send({ kind: 'keychain', id, act, ...text });
    const parsed = answerSchema.safeParse(await promise);
    clearTimeout(timer);
    waiting.delete(id);
    if (!parsed.success)
      return err('unavailable', 'The keychain did not answer.', { hint: 'Unlock with the passphrase.' });
    if (parsed.data.ok) return ok(parsed.data.value);
    const { message, hint } = parsed.data.error;
    return err('unavailable', message, hint === undefined ? {} : { hint });
  };
  const askBytes = async (act: 'seal' | 'open', bytes: Uint8Array): Promise<Result<Uint8Array>> => {
    const answer = await ask(act, bytes);
    if (!answer.ok) return answer;
    const text = z.base64().max(16_384).safeParse(answer.value);
    if (!text.success) return err('unavailable', 'The keychain gave something that is no sealed secret.');
    const pooled = Buffer.from(text.data, 'base64');
    const own = new Uint8Array(new ArrayBuffer(pooled.length));
    own.set(pooled);
    pooled.fill(0);
    return ok(own);
  };
  return {
    port: {
      async status() {
        const answer = await ask('status');
        const status = answer.ok ? statusSchema.safeParse(answer.value) : undefined;
        if (status?.success === true) {
          const { available, backend, reason } = status.data;
          return { available, backend, ...(reason === undefined ? {} : { reason }) };
        }
        return { available: false, backend: 'none', reason: 'The keychain did not answer.' };
      },
      seal: (secret) => askBytes('seal', secret),
      open: (box) => askBytes('open', box),
    },
    answer: (id, result) => waiting.get(id)?.(result),
  };
}
