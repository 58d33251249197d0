import { createHash, createHmac, randomBytes } from 'node:crypto';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { JobOrder, Program } from '../../contract/job.ts';
import { nodeEvidenceSchema, type Challenge, type NodeEvidence } from '../../contract/node-evidence.ts';
import {
  accessSchema,
  payloadTypes,
  uploadStateSchema,
  type AccessGrant,
  type Frame,
  type JobSubmission,
} from '../../contract/wire.ts';
import { canonicalJson, signJson, verifyEd25519 } from '../../domain/dsse/dsse.ts';
import { jobIdOf } from '../../domain/job/order.ts';
import { acceptFrame, chainStart } from '../../domain/telemetry/frame-chain.ts';
import { releaseInfo, releaseSuite } from '../job/key-release.ts';
import type { Owner, TestDataset } from './dataset.ts';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** The body when it is JSON, else undefined. */
  readonly json: unknown;
  /** SHA-256 of the SPKI of the key that the connection used. */
  readonly spkiSha256: string;
}

const policyDigest = 'aa'.repeat(32);

/** The desk's side of the wire protocol, as small as it can be: for tests of the agent only. */
export class TestDesk {
  readonly #url: string;
  readonly #agent = new HttpsAgent({
    rejectUnauthorized: false,
    keepAlive: true,
    // A resumed session shows no certificate, so its key could not be compared.
    maxCachedSessions: 0,
  });
  #ticket: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  close(): void {
    this.#agent.destroy();
  }

  get #headers(): Record<string, string> {
    return this.#ticket === undefined ? {} : { authorization: `Bearer ${this.#ticket}` };
  }

  /** A grant by an owner for the agent of this connection, and what it asks. */
  async grant(owner: Owner, changes: Partial<AccessGrant> = {}): Promise<Answer> {
    const { spkiSha256 } = await this.send('GET', '/v1/status');
    const grant: AccessGrant = {
      version: 1,
      ownerKey: Buffer.from(owner.signer.publicKey).toString('base64'),
      tlsSpkiSha256: spkiSha256,
      nonce: randomBytes(16).toString('hex'),
      notAfter: new Date(Date.now() + 600_000).toISOString(),
      ...changes,
    };
    return this.send('POST', '/v1/access', { grant: signJson(payloadTypes.accessGrant, grant, owner.signer) });
  }

  /** Later requests come from this owner. */
  async signIn(owner: Owner, changes: Partial<AccessGrant> = {}): Promise<void> {
    const answer = await this.grant(owner, changes);
    this.#ticket = accessSchema.parse(answer.json).ticket;
  }

  signOut(): void {
    this.#ticket = undefined;
  }

  /** One request. A Buffer is sent raw, anything else as JSON. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const request = httpsRequest(new URL(path, this.#url), {
      method,
      agent: this.#agent,
      headers: { ...headers, ...this.#headers },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const spki = (response.socket as TLSSocket)
        .getPeerX509Certificate()
        ?.publicKey.export({ type: 'spki', format: 'der' });
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(pieces);
        const spkiSha256 = createHash('sha256')
          .update(spki ?? '')
          .digest('hex');
        resolve({ status: response.statusCode ?? 0, body: bytes, json: parse(bytes), spkiSha256 });
      });
    });
    if (body !== undefined) request.write(Buffer.isBuffer(body) ? body : JSON.stringify(body));
    request.end();
    return promise;
  }

  challenge(jobId: string, changes: Partial<Challenge> = {}): Challenge {
    return {
      v: 1,
      nonce: randomBytes(32).toString('hex'),
      sessionId: randomBytes(16).toString('hex'),
      jobId,
      policyDigest,
      expires: new Date(Date.now() + 300_000).toISOString(),
      ...changes,
    };
  }

  async evidence(challenge: Challenge): Promise<NodeEvidence> {
    const answer = await this.send('POST', '/v1/evidence', { challenge });
    return nodeEvidenceSchema.parse(answer.json);
  }

  async upload({ manifest, envelope, parts }: TestDataset): Promise<void> {
    await this.send('PUT', `/v1/datasets/${manifest.root}`, { manifest: envelope });
    for (const [index, part] of parts.entries()) {
      const answer = await this.send('PUT', `/v1/datasets/${manifest.root}/parts/${index}`, part);
      if (answer.status !== 200) throw new Error(answer.body.toString());
    }
    for (;;) {
      const state = uploadStateSchema.parse((await this.send('GET', `/v1/datasets/${manifest.root}`)).json);
      if (state.complete) return;
      if (state.present.length < state.parts) throw new Error('parts were dropped');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  order(program: Program, dataset: TestDataset, owner: Owner, node: string, changes: Partial<JobOrder> = {}): JobOrder {
    const body: Omit<JobOrder, 'jobId'> = {
      version: 1,
      name: 'test',
      dataset: {
        root: dataset.manifest.root,
        name: dataset.manifest.name,
        sealedBytes: dataset.manifest.sealedBytes,
        manifestSha256: dataset.manifestSha256,
      },
      program,
      nodes: [node],
      policyId: 'test',
      policyDigest,
      budget: { maximumUsd: 1, maximumSeconds: 60 },
      checkpointEverySteps: 20,
      evidenceRenewSeconds: 60,
      outputRecipients: [owner.recipient],
      ownerKey: Buffer.from(owner.signer.publicKey).toString('base64'),
      createdAt: new Date().toISOString(),
      notAfter: new Date(Date.now() + 600_000).toISOString(),
      ...changes,
    };
    return { ...body, jobId: jobIdOf(body) };
  }

  /** Challenges the agent and seals the file key to what it answered. */
  async submission(
    order: JobOrder,
    dataset: TestDataset,
    owner: Owner,
    changes: ReleaseChanges = {},
  ): Promise<Prepared> {
    const challenge = this.challenge(order.jobId, changes.challenge);
    const evidence = await this.evidence(challenge);
    const aad = {
      datasetRoot: dataset.manifest.root,
      jobId: order.jobId,
      policyDigest: order.policyDigest,
      notAfter: order.notAfter,
      ...changes.aad,
    };
    const suite = releaseSuite();
    const context = await suite.createSenderContext({
      recipientPublicKey: await suite.kem.deserializePublicKey(bytesOf(evidence.runtime.hpkeKey)),
      info: releaseInfo(challenge, evidence, changes.sealedEar ?? 'ear').buffer,
    });
    const sealedAad = new Uint8Array(canonicalJson(changes.sealedAad ?? aad));
    const ciphertext = await context.seal(new Uint8Array(dataset.fileKey).buffer, sealedAad.buffer);
    const secret = await context.export(new TextEncoder().encode('nacre/key-confirmation/v1').buffer, 48);
    const submission: JobSubmission = {
      order: signJson(payloadTypes.jobOrder, order, owner.signer),
      manifest: dataset.envelope,
      release: {
        version: 1,
        sessionId: challenge.sessionId,
        aad,
        ear: 'ear',
        encapsulated: Buffer.from(context.enc).toString('base64'),
        ciphertext: Buffer.from(ciphertext).toString('base64'),
        ...changes.message,
      },
    };
    const confirmation = createHmac('sha384', Buffer.from(secret)).update(canonicalJson(aad)).digest('hex');
    return { submission, confirmation, evidence, challenge };
  }

  /** Reads frames from a sequence to the end of the stream, checking every link. */
  async follow(
    order: JobOrder,
    node: string,
    evidence: NodeEvidence,
    until?: (frame: Frame) => boolean,
  ): Promise<Frame[]> {
    const signingKey = new Uint8Array(Buffer.from(evidence.runtime.signingKey, 'base64'));
    const identity = { jobId: order.jobId, node, signingKey };
    const frames: Frame[] = [];
    let state = chainStart;
    for await (const { id, data } of this.events(`/v1/jobs/${order.jobId}/events?from=0`)) {
      const accepted = acceptFrame(state, JSON.parse(data), identity, verifyEd25519);
      if (!accepted.ok) throw new Error(accepted.error.message);
      if (id !== accepted.value.frame.sequence) throw new Error(`id ${id} is not the sequence`);
      frames.push(accepted.value.frame);
      state = accepted.value.state;
      if (until?.(accepted.value.frame) === true) break;
    }
    return frames;
  }

  /** Server-sent events until the stream ends. */
  async *events(path: string): AsyncGenerator<{ id: number; data: string }> {
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      httpsRequest(new URL(path, this.#url), { agent: this.#agent, headers: this.#headers })
        .on('response', resolve)
        .on('error', reject)
        .end();
    });
    let text = '';
    for await (const piece of response.setEncoding('utf8') as AsyncIterable<string>) {
      text += piece;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const match = /^id: (\d+)\ndata: (.*)$/.exec(block);
        if (match !== null) yield { id: Number(match[1]), data: match[2] ?? '' };
      }
    }
  }
}

/** How a release differs from a good one. */
export interface ReleaseChanges {
  readonly challenge?: Partial<Challenge>;
  /** In the message and under the seal. */
  readonly aad?: Partial<JobSubmission['release']['aad']>;
  /** Under the seal only. */
  readonly sealedAad?: unknown;
  readonly sealedEar?: string;
  readonly message?: Partial<JobSubmission['release']>;
}

export interface Prepared {
  readonly submission: JobSubmission;
  /** What the agent must answer. */
  readonly confirmation: string;
  readonly evidence: NodeEvidence;
  readonly challenge: Challenge;
}

function bytesOf(base64: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(base64, 'base64')).buffer;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
