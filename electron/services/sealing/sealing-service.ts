import { open, type FileHandle } from 'node:fs/promises';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import { payloadTypes } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { partSizeLimits, type DatasetSchema, type Manifest, type SealProgress } from '../../contract/sealed.ts';
import { signJson, type Signer } from '../../domain/dsse/dsse.ts';
import { fileKeyOpener, unwrapFileKey, type Identity } from '../../domain/sealed/identities.ts';
import { identityOpener, type FileKeySource } from '../../domain/sealed/opener.ts';
import { parseRecipients, type RandomBytes, type Recipient } from '../../domain/sealed/recipients.ts';
import { headerDigest, openAgeFile } from './age-file.ts';
import { loadCipher } from './ciphers.ts';
import { fileError } from './file-errors.ts';
import { extractTar } from './extract-tar.ts';
import { openDecompressed } from './open-compressed.ts';
import { openFile, type Opened } from './open.ts';
import { createInlinePool } from './pool-run.ts';
import { createProgressMeter, type Clock } from './progress.ts';
import { hashParts, sealFile, type LendIdentities, type Sealed } from './seal.ts';
import { sealCompressed } from './seal-compressed.ts';
import type { PauseSource, SealingPool } from './segment-task.ts';

export interface SealingServiceOptions {
  /** Worker threads; used from 8 MiB up, where they are faster than the time they take to start. */
  readonly pool: SealingPool;
  readonly random: RandomBytes;
  /** Milliseconds since the epoch. */
  readonly clock: Clock;
}

interface Followed {
  readonly onProgress?: (progress: SealProgress) => void;
  readonly signal?: AbortSignal;
}

export interface SealOptions extends Followed {
  readonly pause?: PauseSource;
  /** A file, or a folder, which becomes one deterministic tar stream. */
  readonly path: string;
  /** `age1…` texts, or parsed recipients (a passphrase). */
  readonly recipients: readonly string[] | readonly Recipient[];
  readonly out: string;
  /** Signs the manifest, which is then made. */
  readonly signer?: Signer;
  /** Make a manifest even when nobody signs it. */
  readonly manifest?: boolean;
  readonly name?: string;
  readonly schema?: DatasetSchema;
  /** Bytes of a part; see `partSizeFor`. */
  readonly partSize?: number;
  /** Replace an existing file; false unless given. */
  readonly overwrite?: boolean;
  /** Compress with zstd, if a sample gets smaller: see `sealCompressed`. Not for data that nodes open. */
  readonly compress?: boolean;
  /** See `SealRequest`. */
  readonly keepTimes?: boolean;
  readonly lendIdentities?: LendIdentities;
  readonly unfinishedName?: string;
}

export interface SealOutcome extends Sealed {
  /** Present when a signer was given. */
  readonly envelope?: DsseEnvelope;
}

export interface OpenOptions extends Followed {
  readonly file: string;
  /** One of the two. A file key is what a key release carries. */
  readonly identities?: readonly Identity[];
  readonly fileKey?: Uint8Array;
  readonly out: string;
  /** Unpack the tar stream inside into a new folder `out`. */
  readonly extract?: boolean;
  /** Undo zstd, if the content is compressed; `extract` does that by itself. */
  readonly decompress?: boolean;
  readonly overwrite?: boolean;
}

/** What can be told of an age file without any key. */
export interface Inspection {
  readonly sealedBytes: number;
  readonly plainBytes: number;
  readonly headerBytes: number;
  readonly ageHeaderSha256: string;
  /** Kinds of its recipients, in order: `X25519`, `mlkem768x25519`, `scrypt`, or whatever another tool wrote. */
  readonly recipientKinds: readonly string[];
}

export interface PartsVerdict {
  readonly whole: boolean;
  readonly parts: number;
  /** Indices, 0 for the first. */
  readonly badParts: readonly number[];
}

export interface SealingService {
  /**
   * Seals a file or folder into a standard age v1 file. On any error nothing is left under `out`.
   * Errors: `invalid_input` (recipient, symbolic link), `not_found`, `not_permitted`, `already_exists`, `disk_full`,
   * `wrong_state` (changed while it was read), `cancelled`.
   */
  seal(options: SealOptions): Promise<Result<SealOutcome>>;
  /** Opens an age file whole or not at all. Errors: as `openFile`. */
  open(options: OpenOptions): Promise<Result<Opened>>;
  /** Checks every part of a sealed file against a manifest, with no key. Errors: those of the file system, `cancelled`. */
  verifyParts(file: string, manifest: Manifest, followed?: Followed): Promise<Result<PartsVerdict>>;
  /** Errors: `damaged`, `integrity` (cut off), and those of the file system. */
  inspect(file: string): Promise<Result<Inspection>>;
  /** The 16-byte file key of a sealed file. Errors: as `unwrapFileKey` of the domain, and those of the file system. */
  unwrapFileKey(file: string, identities: readonly Identity[]): Promise<Result<Uint8Array>>;
  /** Name of the cipher backend in use. */
  readonly cipherName: string;
  close(): Promise<void>;
}

const inlineMaximum = 8 * 1024 * 1024;

/** The sealing service over injected threads, random source and clock. */
export function createSealingService(options: SealingServiceOptions): SealingService {
  const { pool, random, clock } = options;
  const cipher = loadCipher();
  const inline = createInlinePool(cipher);
  const poolFor = (bytes: number): SealingPool => (bytes <= inlineMaximum ? inline : pool);
  const tools = { poolFor, random, clock, cipher };

  return {
    cipherName: cipher.name,
    close: () => pool.close(),

    async seal({ recipients, signer, manifest, partSize, overwrite, compress, ...rest }) {
      const parsed = readRecipients(recipients);
      if (!parsed.ok) return parsed;
      if (partSize !== undefined && !validPartSize(partSize)) {
        return err('invalid_input', `A part has from ${partSizeLimits.minimum} to ${partSizeLimits.maximum} bytes.`);
      }
      const sealed = await (compress === true ? sealCompressed : sealFile)(
        {
          ...rest,
          recipients: parsed.value,
          manifest: manifest === true || signer !== undefined,
          overwrite: overwrite === true,
          ...(partSize === undefined ? {} : { partSize }),
        },
        tools,
      );
      if (!sealed.ok || signer === undefined) return sealed;
      return ok({ ...sealed.value, envelope: signJson(payloadTypes.manifest, sealed.value.manifest, signer) });
    },

    async open({ identities, fileKey, extract, decompress, overwrite, ...rest }) {
      const source: FileKeySource = fileKey === undefined ? identityOpener(identities ?? []) : fileKeyOpener(fileKey);
      const request = { ...rest, fileKey: source, overwrite: overwrite === true };
      if (extract === true) return extractTar(request, tools);
      return decompress === true ? openDecompressed(request, tools) : openFile(request, tools);
    },

    async verifyParts(file, manifest, followed = {}) {
      // The age header is not looked at: it is part of the first part, and damage there is damage of that part.
      const opened = await openSealed(file, manifest.sealedBytes);
      if (!opened.ok) return opened;
      const handle = opened.value;
      try {
        const meter = createProgressMeter(manifest.sealedBytes, clock, followed.onProgress);
        const parts = await hashParts(poolFor(manifest.sealedBytes), {
          file: handle.fd,
          bytes: manifest.sealedBytes,
          partSize: manifest.partSize,
          path: file,
          meter,
          signal: followed.signal,
        });
        if (!parts.ok) return parts;
        meter.finish();
        const badParts = parts.value.flatMap((part, i) => (part === manifest.parts[i] ? [] : [i]));
        return ok({ whole: badParts.length === 0, parts: parts.value.length, badParts });
      } finally {
        await handle.close();
      }
    },

    async inspect(file) {
      const opened = await openAgeFile(file);
      if (!opened.ok) return opened;
      await opened.value.close();
      const { header, sealedBytes, plainBytes } = opened.value;
      if (plainBytes === undefined) {
        return err('integrity', `${file} is cut off, or something was added to it.`, {
          details: { failure: 'payload' },
        });
      }
      return ok({
        sealedBytes,
        plainBytes,
        headerBytes: header.length,
        ageHeaderSha256: headerDigest(header.bytes),
        recipientKinds: header.stanzas.map((stanza) => stanza.type),
      });
    },

    async unwrapFileKey(file, identities) {
      const opened = await openAgeFile(file);
      if (!opened.ok) return opened;
      await opened.value.close();
      return unwrapFileKey(opened.value.header, identities);
    },
  };
}

async function openSealed(file: string, sealedBytes: number): Promise<Result<FileHandle>> {
  try {
    const handle = await open(file, 'r');
    const { size } = await handle.stat();
    if (size === sealedBytes) return ok(handle);
    await handle.close();
    return err('integrity', `${file} has ${size} bytes; its manifest says ${sealedBytes}.`);
  } catch (error) {
    return fileError('Reading', file, error);
  }
}

function readRecipients(recipients: readonly string[] | readonly Recipient[]): Result<readonly Recipient[]> {
  const texts = recipients.filter((recipient) => typeof recipient === 'string');
  if (texts.length === recipients.length) return parseRecipients(texts);
  return ok(recipients.filter((recipient) => typeof recipient !== 'string'));
}

function validPartSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= partSizeLimits.minimum && size <= partSizeLimits.maximum;
}
