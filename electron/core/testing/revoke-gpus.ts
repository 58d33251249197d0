import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { simulatedHardwareSchema } from '../../contract/simulated-hardware.ts';
import { directorySchema } from '../../contract/wire.ts';
import { parseCertificate } from '../../domain/evidence/readers/x509.ts';
import { buildOcsp } from '../../domain/evidence/simulated/ocsp-builder.ts';
import { p384Signer } from '../../domain/evidence/simulated/p384-key.ts';
import { authorityStateSchema } from '../../localnet/authority/authority.ts';
import { answerItem } from '../../localnet/authority/ocsp.ts';

const stateSchema = z.object({ authority: authorityStateSchema, nodes: z.record(z.string(), simulatedHardwareSchema) });

/** The SIMULATED manufacturer takes back the certificates of a node's GPUs, and publishes that in the directory. */
export async function revokeGpus(directoryPath: string, node: string): Promise<void> {
  const { authority, nodes } = stateSchema.parse(await json(join(dirname(directoryPath), 'simulated-hardware.json')));
  const directory = directorySchema.parse(await json(directoryPath));
  const signer = p384Signer(authority.provisionerKey);
  const now = Date.now();
  const answers = (nodes[node]?.gpus ?? []).map(({ certificates: [, brom = '', issuer = ''] }) => {
    const about = { certificate: read(brom), issuer: read(issuer), status: { revokedAt: now - 1000, reason: 1 } };
    const der = buildOcsp({ ...about, thisUpdate: now - 1000, nextUpdate: now + 86_400_000 }, signer);
    return answerItem(der, 'local network, SIMULATED', new Date(now).toISOString());
  });
  const revoked = new Set(answers.map(({ id }) => id));
  const others = (directory.collateral ?? []).filter(({ id }) => !revoked.has(id));
  await writeFile(directoryPath, JSON.stringify({ ...directory, collateral: [...others, ...answers] }));
}

async function json(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8')) as unknown;
}

function read(der: string) {
  const parsed = parseCertificate(Buffer.from(der, 'base64'));
  if (!parsed.ok) throw new Error(`a certificate of the network cannot be read: ${parsed.detail}`);
  return parsed.value;
}
