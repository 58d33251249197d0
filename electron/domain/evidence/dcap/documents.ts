import { z } from 'zod';
import { tcbStatuses } from '../../../contract/policy.ts';
import { Malformed, fromHex, parseWith, type Parsed } from '../readers/bytes.ts';
import { jsonPlain, readJson } from '../readers/json.ts';

/** The two signed JSON documents of Intel's PCS, API version 4: TCB info (version 3) and enclave identity (version 2). */
const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`), `${bytes} bytes of hex`)
    .toLowerCase();
/** Compared under masks with bytes of reports. */
const octets = (bytes: number) => hex(bytes).transform((text) => fromHex(text) ?? new Uint8Array());
const svn = z.number().int().min(0).max(255);
const wideSvn = z.number().int().min(0).max(65_535);
const components = z.array(z.object({ svn })).length(16);
const advisories = z.array(z.string().max(64)).max(256).default([]);
const moment = z.string().transform((text, context) => {
  const at = momentOf(text);
  if (at !== undefined) return at;
  context.addIssue({ code: 'custom', message: 'no UTC date' });
  return z.NEVER;
});

/** Kept as text, for people. */
const dayText = z.string().refine((text) => momentOf(text) !== undefined, 'no UTC date');

const dated = {
  issueDate: moment,
  nextUpdate: moment,
  tcbEvaluationDataNumber: z.number().int().min(0).max(1_000_000),
};
const level = { tcbDate: dayText, tcbStatus: z.enum(tcbStatuses), advisoryIDs: advisories };
const isvLevels = z.array(z.object({ tcb: z.object({ isvsvn: wideSvn }), ...level })).max(256);
const tdxModule = { mrsigner: octets(48), attributes: octets(8), attributesMask: octets(8) };

const tcbInfoSchema = z.object({
  id: z.enum(['SGX', 'TDX']),
  version: z.literal(3),
  ...dated,
  fmspc: hex(6),
  pceId: hex(2),
  tcbType: z.literal(0),
  tdxModule: z.object(tdxModule).optional(),
  tdxModuleIdentities: z
    .array(z.object({ id: z.string().max(32), ...tdxModule, tcbLevels: isvLevels }))
    .max(64)
    .default([]),
  tcbLevels: z
    .array(
      z.object({
        tcb: z.object({ sgxtcbcomponents: components, pcesvn: wideSvn, tdxtcbcomponents: components.optional() }),
        ...level,
      }),
    )
    .max(256),
});
export type TcbInfo = z.infer<typeof tcbInfoSchema>;

const qeIdentitySchema = z.object({
  id: z.enum(['QE', 'TD_QE', 'QVE']),
  version: z.literal(2),
  ...dated,
  miscselect: octets(4),
  miscselectMask: octets(4),
  attributes: octets(16),
  attributesMask: octets(16),
  mrsigner: octets(32),
  isvprodid: wideSvn,
  tcbLevels: isvLevels,
});
export type QeIdentity = z.infer<typeof qeIdentitySchema>;

/** One level of an enclave's or module's SVN. */
export type IsvLevel = QeIdentity['tcbLevels'][number];

const maximumBytes = 1_048_576;

/** RFC 3339 in UTC, seconds, nothing else. @returns milliseconds since the epoch */
function momentOf(text: string): number | undefined {
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text) ? Date.parse(text) : Number.NaN;
  // Rolled over dates (31 February) do not read back the same.
  return Number.isFinite(at) && new Date(at).toISOString() === text.replace('Z', '.000Z') ? at : undefined;
}

/** Strict JSON (no repeated keys) of the TCB info. Nothing is known about who signed it. */
export function parseTcbInfo(text: string): Parsed<TcbInfo> {
  return parseDocument(text, 'the TCB info', tcbInfoSchema);
}

/** As `parseTcbInfo`, of the quoting enclave's identity. */
export function parseQeIdentity(text: string): Parsed<QeIdentity> {
  return parseDocument(text, 'the QE identity', qeIdentitySchema);
}

function parseDocument<T>(text: string, what: string, schema: z.ZodType<T>): Parsed<T> {
  return parseWith(() => {
    const parsed = schema.safeParse(jsonPlain(readJson(text, { what, maxSize: maximumBytes })));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Malformed(`${what} at ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? 'not as it must be'}`);
  });
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
