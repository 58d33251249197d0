import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import { vendorAnchors } from '../../domain/evidence/anchors.ts';
import { inspectBundle } from '../../services/evidence/collateral/collateral-service.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import { createEd25519Verifier } from '../ed25519.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names = 'collateral.list' | 'collateral.import' | 'collateral.export' | 'collateral.verify';

/** What vendors publish about their hardware, kept and passed on. */
export function collateralHandlers({ collateral, downloads, profile, clock }: Services): Pick<Handlers, Names> {
  return {
    'collateral.list': async () => collateral.list(),
    'collateral.import': async ({ paths, signer, source }) =>
      collateral.import({
        paths,
        ...(signer === undefined ? {} : { signer }),
        ...(source === undefined ? {} : { source }),
      }),
    'collateral.export': async ({ path, note }) => {
      const day = new Date(clock()).toISOString().slice(0, 10);
      const target = path ?? join(profile, 'reports', `collateral-${day}.nacre-collateral.json`);
      const folder = path === undefined ? await makeFolder(dirname(target)) : ok(undefined);
      if (!folder.ok) return folder;
      const written = await collateral.export(target, note ?? '');
      return written.ok ? ok({ ...written.value, downloadId: downloads.offer(written.value) }) : written;
    },
    'collateral.verify': async ({ path }) =>
      inspectBundle(path, {
        anchors: vendorAnchors,
        crypto: createNodeCrypto(),
        verify: createEd25519Verifier(),
        clock,
      }),
  };
}

async function makeFolder(path: string): Promise<Result<void>> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return err('not_permitted', `${path} could not be made (${code}).`);
  }
}
