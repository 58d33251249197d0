import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { simulatedAnchors } from '../../domain/evidence/anchors.ts';
import { parseHclReport } from '../../domain/evidence/azure/hcl-report.ts';
import { parseRuntimeData } from '../../domain/evidence/azure/runtime-data.ts';
import { parseTpmQuote, parseTpmSignature } from '../../domain/evidence/azure/tpm-quote.ts';
import { verifyAzureVtpm, type AzureVtpmInput } from '../../domain/evidence/azure/verify.ts';
import { parseCcel } from '../../domain/evidence/ccel/ccel.ts';
import { parseIonet, parseNear } from '../../domain/evidence/composite/near.ts';
import { parseTinfoil } from '../../domain/evidence/composite/tinfoil.ts';
import { parseDstackLog } from '../../domain/evidence/dstack/event-log.ts';
import { verifyEventLog } from '../../domain/evidence/eventlog/verify.ts';
import { parseNrasBundle } from '../../domain/evidence/nras/bundle.ts';
import { parseSigningKeys } from '../../domain/evidence/nras/jwks.ts';
import { verifyNras } from '../../domain/evidence/nras/verify.ts';
import { toHex } from '../../domain/evidence/readers/bytes.ts';
import { parseJson } from '../../domain/evidence/readers/json.ts';
import {
  buildHclReport,
  buildTpmQuote,
  runtimeJson,
  tpmSignature,
  type SimulatedVtpm,
} from '../../domain/evidence/simulated/azure-builder.ts';
import { buildNear, buildTinfoil, ionetDocument } from '../../domain/evidence/simulated/composite-builder.ts';
import { buildCcel, extendedRegisters, honestDstackLog } from '../../domain/evidence/simulated/event-log-builder.ts';
import { createSimulatedIntel, createSimulatedPlatform } from '../../domain/evidence/simulated/intel-authority.ts';
import { buildNrasAnswer, createSimulatedNras } from '../../domain/evidence/simulated/nras-builder.ts';
import { snpSignedBytes } from '../../domain/evidence/snp/report.ts';
import { cacheGoodSignatures } from '../../services/evidence/caching-crypto.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import type { startSimulatedNetwork } from '../../services/evidence/testing/simulated-network.ts';
import type { FuzzSubjects } from './fuzz-subjects.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** Evidence in the layouts of services and clouds: NRAS, Azure, event logs, Tinfoil, NEAR and io.net. */
export function createProviderSubjects(
  network: Awaited<ReturnType<typeof startSimulatedNetwork>>,
  now: number,
): FuzzSubjects {
  const crypto = cacheGoodSignatures(createNodeCrypto());
  const nonce = random(32);
  const parts = { network, now, crypto, nonce };
  const azure = azureSubjects(parts);
  const nras = nrasSubjects(parts);
  const logs = logSubjects(parts);
  const intel = createSimulatedIntel({ now, random });
  const machine = {
    platform: createSimulatedPlatform(intel, { now, random }),
    gpus: network.hardware().gpus.slice(0, 1),
    random,
  };
  const tinfoil = utf8(buildTinfoil(machine, { nonce, tlsKey: random(32), hpkeKey: random(32) }));
  const near = buildNear(machine, { nonce, signer: random(32), tlsKey: random(32), appCompose: random(100) });
  const { request, nvidiaPayload, quote } = near;
  return {
    parsers: [
      ...azure.parsers,
      ...nras.parsers,
      ...logs.parsers,
      { name: 'tinfoil document', seeds: [tinfoil], parse: (bytes) => parseTinfoil(bytes, crypto) },
      {
        name: 'io.net answer',
        seeds: [utf8(ionetDocument(near, 'sha256:x'))],
        parse: (bytes) => parseIonet(bytes, crypto),
      },
      {
        name: 'near report',
        seeds: [utf8(request)],
        parse: (bytes) => parseNear({ request: bytes, nvidiaPayload, quote }, crypto),
      },
      {
        name: 'nvidia payload',
        seeds: [utf8(nvidiaPayload)],
        parse: (bytes) => parseNear({ request, nvidiaPayload: bytes, quote }, crypto),
      },
      {
        name: 'json',
        seeds: [tinfoil, utf8(request), utf8('[{"a":[1.5e-3,true,null,"\\u00e9\\ud83d\\ude00é"]}]')],
        parse: (bytes) => parseJson(bytes, { what: 'the input', maxSize: 1_048_576 }),
      },
    ],
    verifiers: [...azure.verifiers, ...nras.verifiers, ...logs.verifiers],
  };
}

interface Parts {
  readonly network: Awaited<ReturnType<typeof startSimulatedNetwork>>;
  readonly now: number;
  readonly crypto: ReturnType<typeof createNodeCrypto>;
  readonly nonce: Uint8Array;
}

function azureSubjects({ network, now, crypto, nonce }: Parts): FuzzSubjects {
  const { cpu } = network.hardware();
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const vtpm: SimulatedVtpm = {
    modulus: new Uint8Array(Buffer.from(n, 'base64url')),
    exponent: new Uint8Array(Buffer.from(e, 'base64url')),
    sign: (data) => new Uint8Array(sign('sha256', data, privateKey)),
  };
  const hclReport = buildHclReport({ cpu, vtpm, random });
  const pcrs = Array.from({ length: 24 }, () => random(32));
  const message = buildTpmQuote({ nonce, pcrs });
  const signature = tpmSignature(0x14, vtpm.sign(message));
  const registers = new Map(pcrs.map((value, at) => [at, value] as const));
  const status = (report: Uint8Array, tpmQuote: AzureVtpmInput['tpmQuote']) =>
    verifyAzureVtpm({
      name: 'cpu0',
      hclReport: report,
      tpmQuote,
      certificates: cpu.certificates.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
      nonce,
      policy: network.policy.snp,
      anchors: simulatedAnchors(network.network.anchors),
      now,
      crypto,
    }).verdict.status;
  const runtime = utf8(runtimeJson(vtpm));
  return {
    parsers: [
      { name: 'hcl report', seeds: [hclReport], parse: parseHclReport },
      { name: 'azure runtime data', seeds: [runtime], parse: parseRuntimeData },
      { name: 'tpm quote', seeds: [message], parse: parseTpmQuote },
      { name: 'tpm signature', seeds: [signature], parse: (bytes) => parseTpmSignature(bytes, 256) },
    ],
    verifiers: [
      {
        name: 'hcl report',
        evidence: hclReport,
        // SNP report without the padding of r and s; sizes, types and runtime JSON behind its area.
        signed: [
          [32, 32 + snpSignedBytes],
          [32 + 0x2a0, 32 + 0x2a0 + 48],
          [32 + 0x2e8, 32 + 0x2e8 + 48],
          [32 + 1184, 32 + 1184 + 20 + runtime.length],
        ],
        verify: (report) => status(report, { message, signature, pcrs: registers }),
      },
      {
        name: 'tpm quote',
        evidence: message,
        signed: [[0, message.length]],
        verify: (changed) => status(hclReport, { message: changed, signature, pcrs: registers }),
      },
    ],
  };
}

function nrasSubjects({ network, now, crypto, nonce }: Parts): FuzzSubjects {
  const nras = createSimulatedNras(random);
  const answer = utf8(buildNrasAnswer(nras, { nonce, now, ueids: ['101', '102'] }));
  return {
    parsers: [
      { name: 'nras answer', seeds: [answer], parse: parseNrasBundle },
      { name: 'jwks', seeds: [utf8(nras.jwks)], parse: parseSigningKeys },
    ],
    verifiers: [
      {
        name: 'nras answer',
        evidence: answer,
        signed: [[0, answer.length]],
        verify: (eat) =>
          verifyNras({
            name: 'nras',
            eat,
            jwks: nras.jwks,
            nonce,
            policy: { ...network.policy.gpu, models: [] },
            now,
            crypto,
          }).verdict.status,
      },
    ],
  };
}

function logSubjects({ crypto }: Parts): FuzzSubjects {
  const dstack = utf8(JSON.stringify(honestDstackLog(random(32))));
  const data = [1, 2, 3, 4].map((index) => ({ index, type: 0xd, data: random(40) }));
  const ccel = buildCcel(data, 0);
  const registers = extendedRegisters(
    data.map((event) => ({ imr: event.index - 1, digest: toHex(crypto.sha384(event.data)) })),
  );
  // One event: index, type, number of digests, algorithm, digest, size, data. Registers cover index and digest.
  const size = 4 + 4 + 4 + 2 + 48 + 4 + 40;
  const first = ccel.length - data.length * size;
  return {
    parsers: [
      { name: 'dstack event log', seeds: [dstack], parse: (bytes) => parseDstackLog(bytes, crypto) },
      { name: 'ccel', seeds: [ccel], parse: (bytes) => parseCcel(bytes, crypto) },
    ],
    verifiers: [
      {
        name: 'ccel',
        evidence: ccel,
        signed: data.flatMap((_, at) => {
          const from = first + at * size;
          return [[from, from + 4] as const, [from + 8, from + 62] as const];
        }),
        verify: (log) =>
          verifyEventLog({ name: 'eventlog', log: { kind: 'ccel', data: log }, registers, crypto }).verdict.status,
      },
    ],
  };
}
