import type { DsseEnvelope } from '../../contract/dsse.ts';
import { payloadTypes } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { TaskView } from '../../contract/views.ts';
import { keyIdOf, signEnvelope } from '../../domain/dsse/dsse.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { rewrapDatasets } from '../../services/datasets/rewrap.ts';
import { openAgeFile } from '../../services/sealing/age-file.ts';
import type { Services } from '../services.ts';

/** Brings every dataset to the active recipient and the active signing key, in the background; sealed bytes stay. */
export function rewrapTask(services: Services): TaskView {
  const { tasks, vault, audit, datasetStore, random, clock, lender } = services;
  return tasks.start('rewrap', 'Rewrapping dataset keys', async ({ signal, progress }) => {
    const to = vault.keys.recipients();
    if (!to.ok) return to;
    const [recipient] = to.value;
    const own = vault.keys.list({ purpose: 'dataset-recipient' });
    if (!own.ok) return own;
    if (recipient === undefined) return err('not_found', 'The vault has no dataset recipient.');
    const began = clock();
    const done = await rewrapDatasets({
      store: datasetStore,
      random,
      clock,
      signal,
      to: recipient,
      own: own.value.map(({ publicKey }) => publicKey),
      lend: (work) =>
        lender.lend(
          async () => {
            const identities = lender.identities();
            return identities.ok ? work(identities.value) : identities;
          },
          { subject: 'datasets' },
        ),
      async readHeader(path) {
        const file = await openAgeFile(path);
        if (!file.ok) return file;
        await file.value.close();
        return ok(file.value.header);
      },
      log(ids) {
        const details = { key: idOf(own.value, recipient), count: ids.length, datasets: [...ids] };
        const logged = audit.append({
          kind: 'datasets-rewrapped',
          actor: 'owner',
          subject: 'datasets',
          details,
          simulated: false,
        });
        return logged.ok ? ok(undefined) : logged;
      },
      signAgain: (manifests) => signAgain(services, manifests),
      onProgress: (finished, total) => {
        const seconds = Math.max(0.001, (clock() - began) / 1000);
        const ratePerSecond = finished / seconds;
        progress({
          done: finished,
          total,
          unit: 'datasets',
          ratePerSecond,
          secondsLeft: (total - finished) / ratePerSecond,
        });
      },
    });
    if (!done.ok) return done;
    const [first] = done.value.failed;
    if (first === undefined) return ok(undefined);
    return err(
      'damaged',
      `${done.value.failed.length} of ${done.value.total} datasets were not rewrapped: ${first.message}`,
      {
        hint: 'The others are done. Their old key stays usable until it is revoked.',
        details: { datasets: done.value.failed.slice(0, 100).map(({ id }) => id) },
      },
    );
  });
}

function idOf(keys: readonly { id: string; publicKey: string }[], publicKey: string): string {
  return keys.find((key) => key.publicKey === publicKey)?.id ?? '';
}

/** Manifests that an older key signed, with the same payload under the active one: its digest is named in orders. */
function signAgain({ vault }: Services, manifests: readonly DsseEnvelope[]): Result<readonly DsseEnvelope[]> {
  const active = vault.keys.signer('manifest');
  if (!active.ok) return active;
  const keyId = keyIdOf(active.value.publicKey);
  const isOld = ({ signatures }: DsseEnvelope) => !signatures.some(({ keyid }) => keyid === keyId);
  if (!manifests.some(isOld)) return ok(manifests);
  return vault.keys.signWith(
    'manifest',
    (signer) =>
      manifests.map((envelope) => {
        const payload = decodeBase64(envelope.payload);
        return isOld(envelope) && payload !== undefined
          ? signEnvelope(payloadTypes.manifest, payload, signer)
          : envelope;
      }),
    { subject: 'datasets' },
  );
}
