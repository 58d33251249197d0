import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { EvidenceCrypto } from '../../domain/evidence/crypto.ts';
import { createDcapVerifier } from '../../domain/evidence/dcap/verifier.ts';
import { verifySnp } from '../../domain/evidence/snp/verify.ts';
import { cacheGoodSignatures } from '../../services/evidence/caching-crypto.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import type { EvidenceBatch, EvidenceBatchAnswer, EvidenceTask } from '../../workers/evidence-worker.ts';
import { rawCall, recordCalls, type RawCall, type RecordedCall } from './evidence/raw-calls.ts';
import { createSubjects, type Subjects } from './evidence/subjects.ts';

/**
 * Verifications a second of TDX quotes and SNP reports, beside the bare node:crypto calls for the very signatures that each
 * mode checks, turn about every few verifications of one run; then many thousand reports on worker threads. Times are CPU time of the
 * thread, so that other load on the machine does not count.
 *
 *     npm run -s bench -- evidence [--rounds 9] [--reports 100000] [--workers 2]
 */
export async function run(): Promise<unknown> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      rounds: { type: 'string', default: '9' },
      reports: { type: 'string', default: '100000' },
      workers: { type: 'string', default: '2' },
    },
  });
  const subjects = await createSubjects({ tdx: 500, snp: 500 });
  return {
    machine: { cpu: cpus()[0]?.model ?? 'unknown', threads: availableParallelism(), node: process.version },
    modes: modesOf(subjects).map((mode) => measure(mode, Number(values.rounds))),
    memoryMib: Math.round(process.memoryUsage().rss / 2 ** 20),
    many: [
      await measureMany({ ...subjects, snp: [] }, 'TDX', Number(values.reports), Number(values.workers)),
      await measureMany(subjects, 'half TDX, half SNP', Number(values.reports), Number(values.workers)),
    ],
    largestMemoryMib: Math.round(process.resourceUsage().maxRSS / 2 ** 10),
  };
}

const warmUpRounds = 3;
/** Verifications between turns: a processor that slows down for a second then slows all alike. */
const turn = 20;

interface Mode {
  readonly name: string;
  readonly items: number;
  /** Makes what verifies one round, warmed up as the mode says. */
  readonly prepare: (base: () => EvidenceCrypto) => (at: number) => void;
}

function modesOf({ tdx, snp, anchors, collateral, tdxPolicy, snpPolicy, now }: Subjects): Mode[] {
  const quote = (verifier: ReturnType<typeof createDcapVerifier>, bytes: Uint8Array | undefined) =>
    affirmed(
      verifier.verifyTdx({ name: 'cpu0', quote: bytes ?? new Uint8Array(), collateral, policy: tdxPolicy, now }),
    );
  const report = (crypto: EvidenceCrypto, chip: number, bytes = snp[chip]?.evidence) =>
    affirmed(
      verifySnp({
        name: 'cpu0',
        report: bytes ?? new Uint8Array(),
        certificates: snp[chip]?.certificates ?? [],
        policy: snpPolicy,
        anchors,
        now,
        crypto,
      }),
    );
  const quotes = Array.from({ length: 1000 }, () => tdx[0]?.another());
  const reports = Array.from({ length: 200 }, () => snp[0]?.another());
  const warmDcap = (base: () => EvidenceCrypto) => {
    const verifier = createDcapVerifier({ anchors, crypto: base() });
    quote(verifier, tdx[0]?.evidence);
    return verifier;
  };
  const warmSnp = (base: () => EvidenceCrypto) => {
    const crypto = cacheGoodSignatures(base());
    report(crypto, 0);
    return crypto;
  };
  return [
    {
      name: 'TDX, nothing known',
      items: 200,
      prepare: (base) => (at) => quote(createDcapVerifier({ anchors, crypto: base() }), tdx[at]?.evidence),
    },
    {
      name: 'TDX, another platform under known CAs and collateral',
      items: 400,
      prepare(base) {
        const verifier = warmDcap(base);
        return (at) => quote(verifier, tdx[at + 1]?.evidence);
      },
    },
    {
      name: 'TDX, the same platform again',
      items: quotes.length,
      prepare(base) {
        const verifier = warmDcap(base);
        return (at) => quote(verifier, quotes[at]);
      },
    },
    { name: 'SNP, nothing known', items: 200, prepare: (base) => (at) => report(base(), at) },
    {
      name: 'SNP, another chip under known CAs',
      items: 200,
      prepare(base) {
        const crypto = warmSnp(base);
        return (at) => report(crypto, at + 1);
      },
    },
    {
      name: 'SNP, the same chip again',
      items: reports.length,
      prepare(base) {
        const crypto = warmSnp(base);
        return (at) => report(crypto, 0, reports[at]);
      },
    },
  ];
}

function affirmed({ verdict }: { readonly verdict: { readonly status: string } }): void {
  if (verdict.status !== 'affirming') throw new Error(`${verdict.status}: the bench measures good evidence only`);
}

function measure({ name, items, prepare }: Mode, rounds: number): unknown {
  const calls: RecordedCall[] = [];
  const recorded = prepare(() => recordCalls(createNodeCrypto(), calls));
  const known = new Set(calls.map((call) => rawCall(call).name));
  const raw = Array.from({ length: items }, (_, at) => {
    calls.length = 0;
    recorded(at);
    return calls.map(rawCall);
  });
  const keysRead = raw.map((ofOne) => ofOne.map((call, at) => isNew(ofOne, at) && !known.has(call.name)));
  /** Made anew for each round. */
  const works = {
    nacre: () => prepare(createNodeCrypto),
    rawCheapest: () => (at: number) => raw[at]?.forEach((call) => good(call.cheapest(call.key))),
    rawAsGiven: () => (at: number) => raw[at]?.forEach((call) => good(call.asGiven(call.key))),
    rawWithKeys: () => (at: number) =>
      raw[at]?.forEach((call, index, calls) => {
        if (keysRead[at]?.[index] !== true) good(call.asGiven(call.key));
        else good(isUsedOnce(calls, index) ? call.readingKey() : call.asGiven(call.readKey()));
      }),
  };
  type Name = keyof typeof works;
  const names = Object.keys(works) as Name[];
  const oneRound = (): Record<Name, number> => {
    const spent: Record<Name, number> = { nacre: 0, rawCheapest: 0, rawAsGiven: 0, rawWithKeys: 0 };
    const made = names.map((name) => [name, works[name]()] as const);
    for (let from = 0; from < items; from += turn) {
      // In one order: whoever came twice in a row would find the processor's caches warm.
      for (const [name, work] of made) {
        spent[name] += cpuTime(from, Math.min(from + turn, items), work);
      }
    }
    return spent;
  };
  const times: Record<Name, number[]> = { nacre: [], rawCheapest: [], rawAsGiven: [], rawWithKeys: [] };
  // What V8 has not compiled yet is not what many thousand machines cost.
  for (let round = 0; round < warmUpRounds; round++) oneRound();
  for (let round = 0; round < rounds; round++) {
    const spent = oneRound();
    for (const name of names) times[name].push(spent[name] / items);
  }
  const share = (peer: Name) => spread(times.nacre.map((time, round) => ((times[peer][round] ?? 0) / time) * 100));
  return {
    mode: name,
    signatures: raw[0]?.length ?? 0,
    keysToRead: keysRead[0]?.filter(Boolean).length ?? 0,
    perSecond: Object.fromEntries(names.map((one) => [one, spread(times[one].map((time) => 1e6 / time))])),
    percentOf: {
      'the same node:crypto calls, keys ready': share('rawAsGiven'),
      'the same calls, keys of the evidence read from their bytes': share('rawWithKeys'),
      'the cheapest calls: keys ready, signatures turned to DER beforehand': share('rawCheapest'),
    },
  };
}

function isNew(calls: readonly RawCall[], at: number): boolean {
  return calls.findIndex(({ name }) => name === calls[at]?.name) === at;
}

function isUsedOnce(calls: readonly RawCall[], at: number): boolean {
  return calls.filter(({ name }) => name === calls[at]?.name).length === 1;
}

function good(valid: boolean): void {
  if (!valid) throw new Error('a recorded signature is not good');
}

/** Microseconds of this thread for the items from `from` to before `to`. */
function cpuTime(from: number, to: number, work: (at: number) => void): number {
  const before = process.threadCpuUsage();
  for (let at = from; at < to; at++) work(at);
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

function spread(values: readonly number[]): { median: number; least: number; most: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => Math.round(sorted[index] ?? 0);
  return { median: at(sorted.length >> 1), least: at(0), most: at(sorted.length - 1) };
}

const batchSize = 500;

/** Every machine was seen once before; every report is new and signed. */
async function measureMany(subjects: Subjects, families: string, total: number, count: number): Promise<unknown> {
  const { anchors, collateral, tdxPolicy, snpPolicy, now } = subjects;
  const machines: (() => EvidenceTask)[] = [
    ...subjects.tdx.map((one) => () => ({ family: 'tdx', evidence: one.another() }) as const),
    ...subjects.snp.map(
      ({ another, certificates }) =>
        () =>
          ({ family: 'snp', evidence: another(), certificates }) as const,
    ),
  ];
  const workers = Array.from(
    { length: count },
    () =>
      new Worker(new URL('../../workers/evidence-worker.ts', import.meta.url), {
        workerData: { anchors, collateral, tdxPolicy, snpPolicy },
        execArgv: [],
      }),
  );
  try {
    // Each machine belongs to one worker, so that its chain is known there.
    const shares = workers.map((_, at) => machines.filter((__, index) => index % count === at));
    await Promise.all(workers.map((worker, at) => verifyAll(worker, shares[at]?.map((make) => make()) ?? [], now)));
    const tasks = shares.map((share) =>
      Array.from({ length: Math.round(total / count) }, (_, at) => share[at % share.length]?.()).filter(
        (task) => task !== undefined,
      ),
    );
    const began = performance.now();
    await Promise.all(workers.map((worker, at) => verifyAll(worker, tasks[at] ?? [], now)));
    const seconds = (performance.now() - began) / 1000;
    const verified = tasks.reduce((sum, { length }) => sum + length, 0);
    return {
      verified,
      machines: machines.length,
      families,
      workers: count,
      known: 'chain and collateral of every machine; no report',
      seconds: Math.round(seconds * 10) / 10,
      perSecond: Math.round(verified / seconds),
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function verifyAll(worker: Worker, tasks: readonly EvidenceTask[], now: number): Promise<void> {
  for (let at = 0; at < tasks.length; at += batchSize) {
    const batch: EvidenceBatch = { now, tasks: tasks.slice(at, at + batchSize) };
    const { refused } = await new Promise<EvidenceBatchAnswer>((resolve, reject) => {
      worker.once('message', (answer: EvidenceBatchAnswer) => {
        worker.off('error', reject);
        resolve(answer);
      });
      worker.once('error', reject);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(batch);
    });
    if (refused.length > 0) throw new Error(`${refused.length} of a batch were refused`);
  }
}
