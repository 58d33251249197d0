import type { MethodOutput } from '../../contract/methods.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { manifestSchema } from '../../contract/sealed.ts';
import { payloadTypes } from '../../contract/wire.ts';
import { verifyJson } from '../../domain/dsse/dsse.ts';
import type { Services } from '../services.ts';

/**
 * Sizes, recipients, parts, root and columns of a dataset of the profile, from its file's header and its signed manifest.
 * Errors: `not_found`, `locked`, `integrity` (nobody trusted signed the manifest, or it is of another file), `damaged`.
 */
export async function inspectDataset(
  { datasets, sealing, ownerKey }: Services,
  id: string,
): Promise<Result<MethodOutput<'datasets.inspect'>>> {
  const envelope = datasets.manifest(id);
  if (!envelope.ok) return envelope;
  const list = datasets.list();
  if (!list.ok) return list;
  const view = list.value.find((dataset) => dataset.id === id);
  if (view === undefined) return err('not_found', `There is no dataset ${JSON.stringify(id)}.`);
  const owner = ownerKey();
  if (!owner.ok) return owner;
  const signed = verifyJson(envelope.value, manifestSchema, {
    payloadType: payloadTypes.manifest,
    trusted: [{ publicKey: owner.value }],
  });
  if (!signed.ok) return signed;
  const manifest = signed.value.value;
  const seen = await sealing.inspect(view.sealedPath);
  if (!seen.ok) return seen;
  const { sealedBytes, plainBytes, recipientKinds, ageHeaderSha256 } = seen.value;
  if (ageHeaderSha256 !== manifest.ageHeaderSha256) {
    return err('integrity', `${view.sealedPath} is not the file of its manifest: the age headers differ.`);
  }
  return ok({ sealedBytes, plainBytes, recipientKinds: [...recipientKinds], manifest });
}
