import { ok, type Result } from '../../contract/result.ts';
import type { KeyEffects } from '../../contract/keys.ts';
import { recipientsOf } from '../../services/datasets/rewrap.ts';
import type { Services } from '../services.ts';

/** What a revocation touches. Errors: `not_found`, `locked`, those of the store. */
export function keyEffects(services: Services, id: string): Result<KeyEffects> {
  const { vault, datasetStore, runs, policies } = services;
  const key = vault.keys.get(id);
  if (!key.ok) return key;
  const { publicKey, purpose } = key.value;
  const records = datasetStore.list();
  if (!records.ok) return records;
  const datasets = records.value
    .filter((record) => purpose === 'dataset-recipient' && recipientsOf(record).includes(publicKey))
    .map(({ view }) => ({ id: view.id, name: view.name }));
  const orders: KeyEffects['orders'] = [];
  const listed = runs.list();
  if (!listed.ok) return listed;
  for (const { id: runId, jobId, name, state } of listed.value) {
    const record = runs.record(runId);
    if (!record.ok) return record;
    if (namesKey(record.value, publicKey)) orders.push({ runId, jobId, name, state });
  }
  const books = policies.list();
  if (!books.ok) return books;
  const touched = books.value
    .filter((listing) => namesKey(listing, publicKey))
    .map(({ policy }) => ({ id: policy.id, name: policy.name }));
  return ok({ key: key.value, datasets, orders, policies: touched, notes: notesOf(purpose, datasets.length) });
}

/** Orders and policies name keys by their public part, wherever their form keeps it: as text, or inside a DSSE payload. */
function namesKey(value: unknown, publicKey: string): boolean {
  if (typeof value === 'string') return value === publicKey || payloadNames(value, publicKey);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member) => namesKey(member, publicKey));
}

function payloadNames(text: string, publicKey: string): boolean {
  if (text.length < 100 || !/^[A-Za-z0-9+/]+=*$/.test(text)) return false;
  return Buffer.from(text, 'base64').includes(publicKey);
}

function notesOf(purpose: KeyEffects['key']['purpose'], datasets: number): string[] {
  if (purpose === 'signing') {
    return ['Signatures of this key are not believed by this desk any more; auditors who pinned it must be told.'];
  }
  if (purpose === 'wallet') return ['What the address owns stays there; move it before you revoke the key.'];
  return [
    'Whoever has this key and an old copy of a sealed file can open that copy for ever; only sealing again changes that.',
    ...(datasets === 0 ? [] : ['Datasets that are not rewrapped cannot be opened any more.']),
    'Models and checkpoints that came home sealed to this key cannot be opened any more.',
  ];
}
