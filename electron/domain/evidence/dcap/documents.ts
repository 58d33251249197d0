import { tcbStatuses, type TcbStatus } from '../../../contract/policy.ts';
import { fromHex, parseWith, type Parsed } from '../readers/bytes.ts';
import { parseUtc } from '../readers/moment.ts';
import { FieldReader, readPlainJson, type PlainMembers } from '../readers/plain-json.ts';

/** The two signed JSON documents of Intel's PCS, API version 4: TCB info (version 3) and enclave identity (version 2). */
interface Dated {
  /** Milliseconds since the epoch. */
  readonly issueDate: number;
  readonly nextUpdate: number;
  readonly tcbEvaluationDataNumber: number;
}

interface LevelStatus {
  /** RFC 3339, kept as text for people. */
  readonly tcbDate: string;
  readonly tcbStatus: TcbStatus;
  readonly advisoryIDs: readonly string[];
}

/** One level of an enclave's or module's SVN. */
export interface IsvLevel extends LevelStatus {
  readonly tcb: { readonly isvsvn: number };
}

/** Compared under masks with bytes of reports. */
interface TdxModule {
  readonly mrsigner: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
}

export interface TcbLevel extends LevelStatus {
  readonly tcb: {
    /** 16 SVNs. */
    readonly sgxtcbcomponents: readonly number[];
    readonly pcesvn: number;
    readonly tdxtcbcomponents: readonly number[] | undefined;
  };
}

export interface TcbInfo extends Dated {
  readonly id: 'SGX' | 'TDX';
  /** Lower-case hex, 6 bytes. */
  readonly fmspc: string;
  /** Lower-case hex, 2 bytes. */
  readonly pceId: string;
  readonly tdxModule: TdxModule | undefined;
  readonly tdxModuleIdentities: readonly (TdxModule & {
    readonly id: string;
    readonly tcbLevels: readonly IsvLevel[];
  })[];
  readonly tcbLevels: readonly TcbLevel[];
}

export interface QeIdentity extends Dated {
  readonly id: 'QE' | 'TD_QE' | 'QVE';
  readonly miscselect: Uint8Array;
  readonly miscselectMask: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
  readonly mrsigner: Uint8Array;
  readonly isvprodid: number;
  readonly tcbLevels: readonly IsvLevel[];
}

const maximumBytes = 1_048_576;
const wideSvn = 65_535;
const levels = { most: 256 };

/** Strict JSON (no repeated keys) of the TCB info. Nothing is known about who signed it. */
export function parseTcbInfo(text: string): Parsed<TcbInfo> {
  return parseDocument(text, 'the TCB info', (members, reader) => {
    const id = reader.among(members, 'id', ['SGX', 'TDX'] as const);
    reader.among(members, 'version', [3]);
    const dates = dated(members, reader);
    const fmspc = hex(members, reader, 'fmspc', 6);
    const pceId = hex(members, reader, 'pceId', 2);
    reader.among(members, 'tcbType', [0]);
    return {
      id,
      ...dates,
      fmspc,
      pceId,
      tdxModule: members['tdxModule'] === undefined ? undefined : reader.object(members, 'tdxModule', tdxModule),
      tdxModuleIdentities:
        members['tdxModuleIdentities'] === undefined
          ? []
          : reader.objects(members, 'tdxModuleIdentities', { most: 64 }, moduleIdentity),
      tcbLevels: reader.objects(members, 'tcbLevels', levels, tcbLevel),
    };
  });
}

/** As `parseTcbInfo`, of the quoting enclave's identity. */
export function parseQeIdentity(text: string): Parsed<QeIdentity> {
  return parseDocument(text, 'the QE identity', (members, reader) => {
    const id = reader.among(members, 'id', ['QE', 'TD_QE', 'QVE'] as const);
    reader.among(members, 'version', [2]);
    return {
      id,
      ...dated(members, reader),
      miscselect: octets(members, reader, 'miscselect', 4),
      miscselectMask: octets(members, reader, 'miscselectMask', 4),
      attributes: octets(members, reader, 'attributes', 16),
      attributesMask: octets(members, reader, 'attributesMask', 16),
      mrsigner: octets(members, reader, 'mrsigner', 32),
      isvprodid: reader.whole(members, 'isvprodid', wideSvn),
      tcbLevels: reader.objects(members, 'tcbLevels', levels, isvLevel),
    };
  });
}

function parseDocument<T>(
  text: string,
  what: string,
  read: (members: PlainMembers, reader: FieldReader) => T,
): Parsed<T> {
  return parseWith(() => {
    const reader = new FieldReader(what);
    return read(reader.root(readPlainJson(text, { what, maxSize: maximumBytes })), reader);
  });
}

function dated(members: PlainMembers, reader: FieldReader): Dated {
  return {
    issueDate: moment(members, reader, 'issueDate'),
    nextUpdate: moment(members, reader, 'nextUpdate'),
    tcbEvaluationDataNumber: reader.whole(members, 'tcbEvaluationDataNumber', 1_000_000),
  };
}

function tdxModule(members: PlainMembers, reader: FieldReader): TdxModule {
  return {
    mrsigner: octets(members, reader, 'mrsigner', 48),
    attributes: octets(members, reader, 'attributes', 8),
    attributesMask: octets(members, reader, 'attributesMask', 8),
  };
}

function moduleIdentity(members: PlainMembers, reader: FieldReader): TcbInfo['tdxModuleIdentities'][number] {
  const id = reader.text(members, 'id', 32);
  const { mrsigner, attributes, attributesMask } = tdxModule(members, reader);
  return {
    id,
    mrsigner,
    attributes,
    attributesMask,
    tcbLevels: reader.objects(members, 'tcbLevels', levels, isvLevel),
  };
}

function tcbLevel(members: PlainMembers, reader: FieldReader): TcbLevel {
  const tcb = reader.object(members, 'tcb', componentLevels);
  return { tcb, ...levelStatus(members, reader) };
}

function componentLevels(members: PlainMembers, reader: FieldReader): TcbLevel['tcb'] {
  return {
    sgxtcbcomponents: components(members, reader, 'sgxtcbcomponents'),
    pcesvn: reader.whole(members, 'pcesvn', wideSvn),
    tdxtcbcomponents:
      members['tdxtcbcomponents'] === undefined ? undefined : components(members, reader, 'tdxtcbcomponents'),
  };
}

function components(members: PlainMembers, reader: FieldReader, name: string): number[] {
  return reader.objects(members, name, { least: 16, most: 16 }, component);
}

function component(members: PlainMembers, reader: FieldReader): number {
  return reader.whole(members, 'svn', 255);
}

function isvLevel(members: PlainMembers, reader: FieldReader): IsvLevel {
  const isvsvn = reader.object(members, 'tcb', isvSvn);
  return { tcb: { isvsvn }, ...levelStatus(members, reader) };
}

function isvSvn(members: PlainMembers, reader: FieldReader): number {
  return reader.whole(members, 'isvsvn', wideSvn);
}

function levelStatus(members: PlainMembers, reader: FieldReader): LevelStatus {
  moment(members, reader, 'tcbDate');
  return {
    tcbDate: reader.text(members, 'tcbDate', 20),
    tcbStatus: reader.among(members, 'tcbStatus', tcbStatuses),
    advisoryIDs: members['advisoryIDs'] === undefined ? [] : reader.texts(members, 'advisoryIDs', 256, 64),
  };
}

function moment(members: PlainMembers, reader: FieldReader, name: string): number {
  return parseUtc(reader.text(members, name, 64)) ?? reader.refuse(name, 'no UTC date');
}

function octets(members: PlainMembers, reader: FieldReader, name: string, bytes: number): Uint8Array {
  const text = reader.text(members, name, maximumBytes);
  const found = text.length === 2 * bytes ? fromHex(text) : undefined;
  return found ?? reader.refuse(name, `not ${bytes} bytes of hex`);
}

function hex(members: PlainMembers, reader: FieldReader, name: string, bytes: number): string {
  octets(members, reader, name, bytes);
  return reader.text(members, name, 2 * bytes).toLowerCase();
}

/** Whether a field of a report is the published one in all bits of the mask. */
export function sameUnderMask(found: Uint8Array, published: Uint8Array, mask: Uint8Array): boolean {
  if (found.length !== published.length) return false;
  for (let at = 0; at < found.length; at++) {
    if ((((found[at] ?? 0) ^ (published[at] ?? 0)) & (mask[at] ?? 0xff)) !== 0) return false;
  }
  return true;
}

/** The first level that an SVN reaches: Intel lists them highest first. */
export function isvLevelOf(levels: readonly IsvLevel[], securityVersion: number): IsvLevel | undefined {
  return levels.find(({ tcb }) => tcb.isvsvn <= securityVersion);
}
