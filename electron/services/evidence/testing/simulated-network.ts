import { createHash, randomBytes } from 'node:crypto';
import type { Runtime, Challenge } from '../../../contract/node-evidence.ts';
import type { SimulatedHardware } from '../../../contract/simulated-hardware.ts';
import { createCollateralSource } from '../../../domain/evidence/collateral/source.ts';
import { localMinimumTcb, localNetworkPolicy, policyDigest } from '../../../domain/policy/policy.ts';
import {
  authorityAnchors,
  authorityCollateral,
  createAuthority,
  issueHardware,
  type AuthorityState,
  type HardwareRequest,
} from '../../../localnet/authority/authority.ts';
import {
  gpuReference,
  honestGpuMeasurements,
  honestMeasurement,
  honestTcb,
  simulatedDriverVersion,
  simulatedVbiosVersion,
} from '../../../localnet/authority/reference.ts';
import type { SimulatedNetwork } from '../verifier.ts';

export const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

/** A whole SIMULATED network in one process: the real authority, hardware on demand, the policy it is judged by. */
export async function startSimulatedNetwork(now: number, options: { revokeIntermediate?: boolean } = {}) {
  const authority: AuthorityState = await createAuthority({ now, random, ...options });
  const network: SimulatedNetwork = { anchors: authorityAnchors(authority), gpuMeasurements: gpuReference() };
  const policy = localNetworkPolicy({ measurements: [honestMeasurement], minimumTcb: localMinimumTcb });
  const gpu: HardwareRequest['gpus'][number] = {
    architecture: 'hopper',
    model: 'H100',
    driverVersion: simulatedDriverVersion,
    vbiosVersion: simulatedVbiosVersion,
    measurements: honestGpuMeasurements,
  };
  const hardware = (changes: Partial<HardwareRequest> = {}): SimulatedHardware =>
    issueHardware(
      authority,
      { tcb: honestTcb, debug: false, measurement: honestMeasurement, gpus: [gpu], ...changes },
      { now, random },
    );
  const collateral = createCollateralSource('directory', authorityCollateral(authority));
  return { collateral, authority, network, policy, digest: policyDigest(policy), gpu, hardware };
}

/** What an agent attests: keys of this session and the TLS key it serves. */
export function runtimeFor(challenge: Challenge, tlsKey = 'a TLS key'): Runtime {
  return {
    challenge,
    hpkeKey: Buffer.from(random(97)).toString('base64'),
    signingKey: Buffer.from(random(32)).toString('base64'),
    tlsSpkiSha256: createHash('sha256').update(tlsKey).digest('hex'),
  };
}
