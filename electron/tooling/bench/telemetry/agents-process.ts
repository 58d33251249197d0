import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { streamFrames } from '../../../agent/server/events.ts';
import { makeTlsIdentity } from '../../../agent/evidence/tls-identity.ts';
import { FrameLog } from '../../../agent/job/frame-log.ts';
import { metricBody } from '../../../agent/job/metric-lines.ts';
import { createNodeSigner } from './signer.ts';

/**
 * Many agents' event streams in one process: each has its own key and chain, and serves its signed frames as an agent
 * does. stdin: one command a line, `fill N` (makes N frames for every agent) or `tick` (one frame for every agent, now).
 */
const agents = Number(process.argv[2] ?? '100');
const identity = makeTlsIdentity('bench', new Date());
const logs = new Map<string, FrameLog>();
const keys: { jobId: string; node: string; signingKey: string }[] = [];
let seed = 1;

function next(): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
}

function addFrame(log: FrameLog): void {
  log.append(metricBody(log.next, log.next / 100, { loss: next(), accuracy: next(), learning_rate: 0.001 }));
}

function makeLogs(): void {
  for (const { jobId, node } of keys) {
    const signer = signers.get(node);
    if (signer === undefined) throw new Error('an agent without a key');
    logs.set(jobId, new FrameLog({ jobId, node, signer, clock: () => new Date() }));
  }
}

const signers = new Map(
  Array.from({ length: agents }, (_, i) => {
    const signer = createNodeSigner();
    const node = `bench-${String(i).padStart(3, '0')}`;
    keys.push({ jobId: randomBytes(32).toString('hex'), node, signingKey: signer.publicKey });
    return [node, signer] as const;
  }),
);
makeLogs();

const server = createServer(
  { key: identity.key, cert: identity.certificate, minVersion: 'TLSv1.3' },
  (request, response) => {
    const url = new URL(request.url ?? '', 'https://bench');
    const log = logs.get(/^\/v1\/jobs\/([0-9a-f]{64})\/events$/.exec(url.pathname)?.[1] ?? '');
    if (log === undefined) response.writeHead(404).end();
    else void streamFrames(response, log, Number(url.searchParams.get('from')), 10_000);
  },
);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ url: `https://127.0.0.1:${port}`, keys })}\n`);
});

let rest = '';
process.stdin.on('data', (chunk: Buffer) => {
  const lines = (rest + chunk.toString()).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    const [command, count] = line.split(' ');
    if (command === 'fill') {
      makeLogs();
      for (const log of logs.values()) for (let i = 0; i < Number(count); i += 1) addFrame(log);
    } else for (const log of logs.values()) addFrame(log);
    process.stdout.write('{"done":true}\n');
  }
});
process.stdin.on('end', () => process.exit(0));
