import { encodeBase64 } from '../../encoding/base64.ts';
import type { Runtime } from '../../../contract/node-evidence.ts';
import type { SimulatedGpu } from '../../../contract/simulated-hardware.ts';
import { fromHex } from '../readers/bytes.ts';
import type { SimulatedIntelPlatform } from './intel-authority.ts';
import { buildTdxQuote, type TdFields, type TdxQuoteOptions } from './intel-quote.ts';
import { buildNitroDocument, type NitroClaims, type SimulatedNitro } from './nitro-builder.ts';
import { simulateBinding, type NodeEvidenceOf, type Random } from './node-evidence.ts';

/** Chips of one SIMULATED machine with a TDX processor. */
export interface SimulatedTdxMachine {
  readonly platform: SimulatedIntelPlatform;
  readonly gpus: readonly SimulatedGpu[];
  /** Sent with the quote, as its provider fetched it. */
  readonly collateral?: string;
  readonly td?: TdFields;
  readonly quote?: TdxQuoteOptions;
}

/** What a node on TDX would answer for this runtime: REPORTDATA is the report data of DESIGN §5. SIMULATED roots. */
export function simulateTdxNode(machine: SimulatedTdxMachine, runtime: Runtime, random: Random): NodeEvidenceOf<'tdx'> {
  const { platform, collateral, td, quote } = machine;
  const { gpus, reportData } = simulateBinding(machine.gpus, runtime, random);
  const signed = encodeBase64(buildTdxQuote(platform, { reportData, ...td }, quote));
  return { runtime, cpu: { family: 'tdx', quote: signed, ...(collateral === undefined ? {} : { collateral }) }, gpus };
}

/** One SIMULATED enclave. */
export interface SimulatedNitroMachine {
  readonly nitro: SimulatedNitro;
  readonly pcrs: NitroClaims['pcrs'];
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** In place of the honest members. */
  readonly claims?: Partial<NitroClaims>;
}

/** What an enclave would answer: the report data of DESIGN §5 in user_data, the challenge's nonce in nonce. It has no GPU. */
export function simulateNitroNode(machine: SimulatedNitroMachine, runtime: Runtime): NodeEvidenceOf<'nitro'> {
  const { nitro, pcrs, timestamp, claims } = machine;
  const { gpus, reportData } = simulateBinding([], runtime, () => new Uint8Array());
  const nonce = fromHex(runtime.challenge.nonce) ?? new Uint8Array();
  const document = buildNitroDocument(nitro, { pcrs, timestamp, userData: reportData, nonce, ...claims });
  return { runtime, cpu: { family: 'nitro', document: encodeBase64(document) }, gpus };
}
