import { randomBytes } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { vendorAnchors, simulatedAnchors, type TrustAnchors } from '../../domain/evidence/anchors.ts';
import { parseNitroDocument } from '../../domain/evidence/nitro/document.ts';
import { verifyNitro } from '../../domain/evidence/nitro/verify.ts';
import { goldenFromDirectory } from '../../domain/evidence/nvidia/reference.ts';
import { parseGpuReport } from '../../domain/evidence/nvidia/report.ts';
import { verifyGpu } from '../../domain/evidence/nvidia/verify.ts';
import { concat, parseWith, toHex } from '../../domain/evidence/readers/bytes.ts';
import { readCbor } from '../../domain/evidence/readers/cbor.ts';
import { parseCrl } from '../../domain/evidence/readers/crl.ts';
import { parseDer } from '../../domain/evidence/readers/der.ts';
import { parsePemCertificates } from '../../domain/evidence/readers/pem.ts';
import { parseCertificate } from '../../domain/evidence/readers/x509.ts';
import { verifyEvidenceSet } from '../../domain/evidence/files/verify.ts';
import { evidenceFilePolicy } from '../../domain/evidence/files/default-policy.ts';
import { verifyRim } from '../../domain/evidence/nvidia/rim.ts';
import { parseOcsp } from '../../domain/evidence/readers/ocsp.ts';
import { judgeCertificate } from '../../domain/evidence/nvidia/certificate-standing.ts';
import { answer, createChain, responder } from '../../domain/evidence/nvidia/testing/ocsp-chain.ts';
import { buildOcsp } from '../../domain/evidence/simulated/ocsp-builder.ts';
import { buildRim, createSimulatedRimAuthority } from '../../domain/evidence/simulated/rim-builder.ts';
import { buildGpuReport } from '../../domain/evidence/simulated/gpu-builder.ts';
import { buildNitroDocument, createSimulatedNitro } from '../../domain/evidence/simulated/nitro-builder.ts';
import { buildSnpReport } from '../../domain/evidence/simulated/snp-builder.ts';
import { parseSnpReport, snpSignedBytes } from '../../domain/evidence/snp/report.ts';
import { verifySnp } from '../../domain/evidence/snp/verify.ts';
import { cacheGoodSignatures } from '../../services/evidence/caching-crypto.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import { startSimulatedNetwork } from '../../services/evidence/testing/simulated-network.ts';
import { createFileSubjects } from './file-subjects.ts';
import { createIntelSubjects } from './intel-subjects.ts';
import { createProviderSubjects } from './provider-subjects.ts';
import type { FuzzSubjects } from './fuzz-subjects.ts';
import type { ParserTarget } from './parsers.ts';
import type { VerifierTarget } from './verifiers.ts';

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const pem = (der: Uint8Array): Uint8Array =>
  ascii(`-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`);

const filesOf = (bytes: Uint8Array) => [{ name: 'evidence', bytes }];

/** @param now milliseconds since the epoch; the keys of the test authority are fresh ones. */
export async function createSubjects(now: number): Promise<FuzzSubjects> {
  const network = await startSimulatedNetwork(now);
  const { cpu, gpus } = network.hardware();
  const [gpu] = gpus;
  if (gpu === undefined) throw new Error('the simulated machine has a GPU');
  const nonce = random(32);
  const crypto = cacheGoodSignatures(createNodeCrypto());
  const anchors = simulatedAnchors(network.network.anchors);

  const snp = buildSnpReport(cpu, random(64), random);
  const snpCertificates = cpu.certificates.map(bytesOf);
  const gpuReport = buildGpuReport(gpu, nonce, random);
  const gpuCertificates = gpu.certificates.map(bytesOf);
  const nitro = createSimulatedNitro({ now, random });
  const pcrs = new Map([0, 1, 2, 3, 4].map((index) => [index, random(48)] as const));
  const document = buildNitroDocument(nitro, { timestamp: now, pcrs, nonce, userData: random(48) });
  const nitroRoot = nitro.caBundle[0] ?? new Uint8Array(0);
  const nitroAnchors: TrustAnchors = { ...vendorAnchors, awsNitro: [toHex(sha256(nitroRoot))] };

  const rimAuthority = createSimulatedRimAuthority({ now, random });
  const golden = network.network.gpuMeasurements['0'] ?? [];
  const rim = buildRim(rimAuthority, {
    version: gpu.driverVersion,
    product: 'GH100',
    measurements: [{ index: 0, values: golden }],
  });
  const rimContext = { anchors: [rimAuthority.rootSha256], now, crypto };
  const rimText = (bytes: Uint8Array) => verifyRim(Buffer.from(bytes).toString('utf8'), rimContext);
  // Everything from the first element to the signature: the digest covers it.
  const measured = [rim.indexOf('<Meta'), rim.search(/<(?:\w+:)?Signature[\s>]/)] as const;

  const ocsp = ocspSubject(now);
  const certificates = [...snpCertificates, ...gpuCertificates, ...nitro.caBundle, nitro.certificate];
  const providers = createProviderSubjects(network, now);
  const intel = createIntelSubjects(now);
  const parsers: ParserTarget[] = [
    ...providers.parsers,
    ...intel.parsers,
    { name: 'snp report', seeds: [snp], parse: parseSnpReport },
    { name: 'spdm report', seeds: [gpuReport], parse: parseGpuReport },
    { name: 'nitro document', seeds: [document], parse: parseNitroDocument },
    { name: 'cbor', seeds: [document], parse: (bytes) => parseWith(() => readCbor(bytes, 'the input')) },
    { name: 'rim', seeds: [ascii(rim)], parse: rimText },
    { name: 'ocsp', seeds: ocsp.seeds, parse: parseOcsp },
    {
      name: 'evidence files',
      seeds: [snp, gpuReport, document, ascii(rim), ...ocsp.seeds.slice(0, 1), ...certificates.slice(0, 2)],
      parse: (bytes) => verifyEvidenceSet({ files: filesOf(bytes), policy: evidenceFilePolicy, anchors, now, crypto }),
    },
    { name: 'der', seeds: certificates, parse: (bytes) => parseDer(bytes, 16_384) },
    { name: 'certificate', seeds: certificates, parse: parseCertificate },
    { name: 'crl', seeds: certificates, parse: parseCrl },
    {
      name: 'pem',
      seeds: [pem(nitroRoot), concat(...certificates.slice(0, 3).map(pem))],
      parse: (bytes) => parsePemCertificates(Buffer.from(bytes).toString('latin1')),
    },
  ];
  const files = createFileSubjects({
    now,
    anchors,
    policy: network.policy,
    collateral: [
      { kind: 'nvidia-rim', bytes: ascii(rim) },
      ...ocsp.seeds.map((bytes) => ({ kind: 'nvidia-ocsp' as const, bytes })),
      ...intel.collateral,
    ],
    parsers,
  });
  return {
    parsers: [...parsers, ...files.parsers],
    verifiers: [
      ...providers.verifiers,
      ...intel.verifiers,
      ...files.verifiers,
      ocsp.verifier,
      {
        name: 'snp report',
        evidence: snp,
        // Everything but the padding of r and s, which the parser demands to be zero.
        signed: [
          [0, snpSignedBytes],
          [0x2a0, 0x2a0 + 48],
          [0x2e8, 0x2e8 + 48],
        ],
        verify: (report) =>
          verifySnp({
            name: 'cpu0',
            report,
            certificates: snpCertificates,
            policy: network.policy.snp,
            anchors,
            now,
            crypto,
          }).verdict.status,
      },
      {
        name: 'snp endorsement key',
        evidence: snpCertificates[0] ?? new Uint8Array(0),
        signed: [[0, snpCertificates[0]?.length ?? 0]],
        verify: (leaf) =>
          verifySnp({
            name: 'cpu0',
            report: snp,
            certificates: [leaf, ...snpCertificates.slice(1)],
            policy: network.policy.snp,
            anchors,
            now,
            crypto,
          }).verdict.status,
      },
      {
        name: 'spdm report',
        evidence: gpuReport,
        signed: [[0, gpuReport.length]],
        verify: (report) =>
          verifyGpu({
            name: 'gpu0',
            architecture: gpu.architecture,
            report,
            certificates: gpuCertificates,
            nonce,
            reference: { kind: 'golden', golden: goldenFromDirectory(network.network.gpuMeasurements) },
            policy: network.policy.gpu,
            anchors,
            now,
            crypto,
          }).verdict.status,
      },
      {
        name: 'rim',
        evidence: ascii(rim),
        signed: [measured],
        verify: (bytes) => (rimText(bytes).ok ? 'affirming' : 'contraindicated'),
      },
      {
        name: 'nitro document',
        evidence: document,
        signed: [[0, document.length]],
        verify: (changed) =>
          verifyNitro({ name: 'cpu0', document: changed, nonce, pcrs: new Map(), anchors: nitroAnchors, now, crypto })
            .verdict.status,
      },
    ],
  };
}

/** Answers of SIMULATED responders about a device's certificate: by the issuer, by one it lets answer (as NVIDIA does), a hold. */
function ocspSubject(now: number): { readonly seeds: readonly Uint8Array[]; readonly verifier: VerifierTarget } {
  const chain = createChain(now);
  const [, { certificate }, issuer] = chain.issued;
  const by = responder(issuer, now);
  const about = { certificate, issuer: issuer.certificate, thisUpdate: now - 1000, nextUpdate: now + 86_400_000 };
  const delegated = buildOcsp(
    { ...about, status: 'good', responder: by.certificate, certificates: [by.der] },
    by.signer,
  );
  const held = { status: { revokedAt: now, reason: 6 }, hash: 'sha1' as const, nonce: random(32) };
  return {
    seeds: [delegated, answer(chain, 1, now, { named: 'name' }), answer(chain, 2, now, held)],
    verifier: {
      name: 'ocsp answer',
      evidence: delegated,
      signed: [[0, delegated.length]],
      verify: (bytes) => {
        const input = { now, crypto: createNodeCrypto(), answers: () => [bytes] };
        const { standing } = judgeCertificate(certificate, issuer.certificate, input);
        return standing === 'good' ? 'affirming' : 'contraindicated';
      },
    },
  };
}
