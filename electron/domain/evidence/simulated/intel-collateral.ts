import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { DcapCollateral } from '../dcap/collateral.ts';
import { toHex } from '../readers/bytes.ts';
import { buildCrl } from './crl-builder.ts';
import { pem, type Issued, type PlatformIdentity, type SimulatedIntel } from './intel-authority.ts';
import { simulatedQe } from './intel-quote.ts';

export interface CollateralOptions {
  /** Milliseconds since the epoch: issued a day before, good for 29 more. */
  readonly now: number;
  readonly tee: 'tdx' | 'sgx';
  readonly identity: PlatformIdentity;
  readonly evaluationDataNumber?: number;
  /** Members of the TCB info that differ from an up-to-date platform's. */
  readonly tcbInfo?: Readonly<Record<string, unknown>>;
  readonly qeIdentity?: Readonly<Record<string, unknown>>;
  readonly revokedByRoot?: readonly Issued[];
  readonly revokedByPlatformCa?: readonly Issued[];
}

const day = 24 * 3_600_000;
/** Seconds, as Intel writes it. */
const moment = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

/** SIMULATED collateral of one kind of platform: its level is UpToDate, one below is OutOfDate, both with the TDX module's. */
export function buildDcapCollateral(intel: SimulatedIntel, options: CollateralOptions): DcapCollateral {
  const { now } = options;
  const tcbInfo = JSON.stringify({ ...upToDate(options), ...options.tcbInfo });
  const qeIdentity = JSON.stringify({ ...quotingEnclave(options), ...options.qeIdentity });
  const sign = (text: string) => toHex(intel.tcbSigner.signer.sign(utf8ToBytes(text)));
  const chain = pem(intel.tcbSigner.certificate, intel.root.certificate);
  const list = (issuer: Issued, revoked: readonly Issued[] = []) => {
    const serials = revoked.map(({ serial }) => serial);
    const request = { issuer: issuer.name, thisUpdate: now - day, nextUpdate: now + 29 * day, revoked: serials };
    return toHex(buildCrl(request, issuer.signer));
  };
  return Object.freeze({
    tcbInfo,
    tcbInfoSignature: sign(tcbInfo),
    tcbInfoIssuerChain: chain,
    qeIdentity,
    qeIdentitySignature: sign(qeIdentity),
    qeIdentityIssuerChain: chain,
    rootCaCrl: list(intel.root, options.revokedByRoot),
    pckCrl: list(intel.platformCa, options.revokedByPlatformCa),
    pckCrlIssuerChain: pem(intel.platformCa.certificate, intel.root.certificate),
  });
}

function dated({ now, evaluationDataNumber = 18 }: CollateralOptions) {
  return {
    issueDate: moment(now - day),
    nextUpdate: moment(now + 29 * day),
    tcbEvaluationDataNumber: evaluationDataNumber,
  };
}

const zero = (bytes: number) => '00'.repeat(bytes);
const moduleSigner = { mrsigner: zero(48), attributes: zero(8), attributesMask: 'FF'.repeat(8) };

function upToDate(options: CollateralOptions) {
  const { identity, tee } = options;
  const newest = '2026-02-11T00:00:00Z';
  const older = '2024-03-13T00:00:00Z';
  const level = (pcesvn: number, tdx: readonly number[]) => ({
    sgxtcbcomponents: identity.components.map((svn) => ({ svn })),
    pcesvn,
    ...(tee === 'tdx' ? { tdxtcbcomponents: tdx.map((svn) => ({ svn })) } : {}),
  });
  const tdxComponents = [3, 0, 5, ...Array<number>(13).fill(0)];
  return {
    id: tee === 'tdx' ? 'TDX' : 'SGX',
    version: 3,
    ...dated(options),
    fmspc: toHex(identity.fmspc).toUpperCase(),
    pceId: toHex(identity.pceId),
    tcbType: 0,
    ...(tee === 'tdx'
      ? {
          tdxModule: moduleSigner,
          tdxModuleIdentities: [
            {
              id: 'TDX_01',
              ...moduleSigner,
              tcbLevels: [
                { tcb: { isvsvn: 4 }, tcbDate: newest, tcbStatus: 'UpToDate' },
                { tcb: { isvsvn: 2 }, tcbDate: older, tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-00002'] },
              ],
            },
          ],
        }
      : {}),
    tcbLevels: [
      { tcb: level(identity.pceSvn, tdxComponents), tcbDate: newest, tcbStatus: 'UpToDate' },
      {
        tcb: level(0, Array<number>(16).fill(0)),
        tcbDate: older,
        tcbStatus: 'OutOfDate',
        advisoryIDs: ['INTEL-SA-00001', 'INTEL-SA-00002'],
      },
    ],
  };
}

function quotingEnclave(options: CollateralOptions) {
  return {
    id: options.tee === 'tdx' ? 'TD_QE' : 'QE',
    version: 2,
    ...dated(options),
    miscselect: zero(4),
    miscselectMask: 'FF'.repeat(4),
    attributes: `11${zero(15)}`,
    attributesMask: `FBFFFFFFFFFFFFFF${zero(8)}`,
    mrsigner: toHex(simulatedQe.mrSigner).toUpperCase(),
    isvprodid: simulatedQe.productId,
    tcbLevels: [
      { tcb: { isvsvn: 4 }, tcbDate: '2024-03-13T00:00:00Z', tcbStatus: 'UpToDate' },
      { tcb: { isvsvn: 2 }, tcbDate: '2022-03-13T00:00:00Z', tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-00003'] },
    ],
  };
}
