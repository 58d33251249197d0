import { z } from 'zod';

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex`);

export const snpTcbSchema = z.strictObject({
  bootloader: z.number().int().min(0).max(255),
  tee: z.number().int().min(0).max(255),
  snp: z.number().int().min(0).max(255),
  microcode: z.number().int().min(0).max(255),
  /** Turin and later only. */
  fmc: z.number().int().min(0).max(255).optional(),
});
export type SnpTcb = z.infer<typeof snpTcbSchema>;

/** Platform TCB status after merging with module and QE status, worst last (Intel PCS API v4, ATTESTATION §4.1 step 11). */
export const tcbStatuses = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const;
export type TcbStatus = (typeof tcbStatuses)[number];

/** Statuses that a policy may accept. `Revoked` never is. */
const acceptedStatuses = z
  .array(z.enum(tcbStatuses).exclude(['Revoked']))
  .min(1)
  .max(6);

/** What a TDX guest must show. An empty list of values means that register is not checked, and the verdict says so. */
export const tdxPolicySchema = z.strictObject({
  acceptedStatuses,
  /** Advisories that a person has judged and accepts, for statuses other than UpToDate; others refuse. */
  acceptedAdvisories: z.array(z.string().max(40)).max(256).optional(),
  /** Lowest `tcbEvaluationDataNumber` of collateral; the newest seen by this desk counts besides. */
  minimumEvaluationDataNumber: z.number().int().min(0),
  /** Azure's paravisor runs without it; anything else must have SEPT_VE_DISABLE set. */
  requireSeptVeDisable: z.boolean(),
  performanceMonitoringAllowed: z.boolean(),
  measurements: z.strictObject({
    mrtd: z.array(hex(48)).max(256),
    rtmr0: z.array(hex(48)).max(256),
    rtmr1: z.array(hex(48)).max(256),
    rtmr2: z.array(hex(48)).max(256),
    rtmr3: z.array(hex(48)).max(256),
    mrConfigId: z.array(hex(48)).max(256),
    mrOwner: z.array(hex(48)).max(256),
    mrOwnerConfig: z.array(hex(48)).max(256),
  }),
  /** Allowed MRSERVICETD besides zero. */
  serviceTds: z.array(hex(48)).max(64),
  /** This exact machine: PPID or platform instance id of the PCK certificate. */
  platforms: z.array(hex(16)).max(4096).optional(),
});
export type TdxPolicy = z.infer<typeof tdxPolicySchema>;

/** What an SGX enclave must show. */
export const sgxPolicySchema = z.strictObject({
  acceptedStatuses,
  acceptedAdvisories: z.array(z.string().max(40)).max(256).optional(),
  minimumEvaluationDataNumber: z.number().int().min(0),
  mrEnclaves: z.array(hex(32)).max(256),
  mrSigners: z.array(hex(32)).max(256),
  productId: z.number().int().min(0).max(65_535).optional(),
  minimumSecurityVersion: z.number().int().min(0).max(65_535).optional(),
});
export type SgxPolicy = z.infer<typeof sgxPolicySchema>;

/** What a Nitro enclave must show. */
export const nitroPolicySchema = z.strictObject({
  /** Allowed values by register index. A register named here and missing in the document fails. */
  pcrs: z.record(
    z.string().regex(/^([0-9]|[12][0-9]|3[01])$/, 'a register from 0 to 31'),
    z.array(hex(48)).min(1).max(64),
  ),
  /** Marlin Oyster image ids (SHA-256 over PCR0, 1, 2 and 16): the image id is the authorisation. */
  oysterImageIds: z.array(hex(32)).max(256),
});
export type NitroPolicy = z.infer<typeof nitroPolicySchema>;

/** What a node must prove before a key goes to it. Debug, bad signatures and missing bindings are refused whatever a policy says. */
export const policySchema = z.strictObject({
  version: z.literal(1),
  id: z.string().min(1).max(64),
  name: z.string().min(1).max(120),
  /** CPU evidence families that are accepted. */
  families: z.array(z.enum(['snp', 'tdx', 'sgx', 'nitro'])).min(1),
  snp: z.strictObject({
    /** Minimum REPORTED_TCB by product. A product without an entry is refused. */
    minimumTcb: z.partialRecord(z.enum(['Milan', 'Genoa', 'Turin']), snpTcbSchema),
    vmpl: z.array(z.number().int().min(0).max(3)).min(1),
    smtAllowed: z.boolean(),
    migrationAgentAllowed: z.literal(false),
    provisionalFirmwareAllowed: z.boolean(),
    requireAliasCheck: z.boolean(),
    /** Without a current CRL of AMD no key goes out; absent: the verdict says that revocation was not checked. */
    requireRevocation: z.boolean().optional(),
    /** SHA-384 launch measurements; empty means the measurement is not checked and says so. */
    measurements: z.array(hex(48)).max(256),
    hostData: z.array(hex(32)).max(256).optional(),
    idKeyDigests: z.array(hex(48)).max(64).optional(),
    chipIds: z.array(hex(64)).max(4096).optional(),
  }),
  /** A family without its section is refused, whatever `families` says. */
  tdx: tdxPolicySchema.optional(),
  sgx: sgxPolicySchema.optional(),
  nitro: nitroPolicySchema.optional(),
  gpu: z.strictObject({
    required: z.boolean(),
    architectures: z.array(z.enum(['hopper', 'blackwell'])),
    models: z.array(z.string()).max(64),
    minimumDriver: z.string().max(32).optional(),
    requireReferenceMeasurements: z.boolean(),
    /** Without current OCSP answers of NVIDIA no key goes out; absent: the verdict says that revocation was not checked. */
    requireRevocation: z.boolean().optional(),
  }),
  /** Seconds after which evidence counts as stale. */
  evidenceMaxAgeSeconds: z.number().int().min(30).max(86_400),
  /** Only the local network may be simulated, and only when this is true. */
  acceptSimulated: z.boolean(),
});
export type Policy = z.infer<typeof policySchema>;
