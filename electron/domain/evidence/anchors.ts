/**
 * Trust anchors: SHA-256 of the DER of root certificates. They are facts about vendors, or handed over by the local
 * network out of band; nothing in evidence can select them.
 */
declare const anchorKind: unique symbol;

export interface AnchorSet {
  /** SEV-SNP: AMD root keys (ARK). Product by fingerprint, because Milan's root must not vouch for Genoa. */
  readonly amd: readonly { readonly sha256: string; readonly product: AmdProduct }[];
  /** NVIDIA Device Identity CA. */
  readonly nvidiaDevice: readonly string[];
  /** NVIDIA RIM signing root. */
  readonly nvidiaRim: readonly string[];
  readonly intelSgx: readonly string[];
  readonly awsNitro: readonly string[];
}

export type AmdProduct = 'Milan' | 'Genoa' | 'Turin';

/** Roots of real hardware vendors. */
export interface VendorAnchors extends AnchorSet {
  readonly [anchorKind]: 'vendor';
  readonly simulated: false;
}

/** Roots of a local network. What is verified under them is SIMULATED, wherever it is shown. */
export interface SimulatedAnchors extends AnchorSet {
  readonly [anchorKind]: 'simulated';
  readonly simulated: true;
}

export type TrustAnchors = VendorAnchors | SimulatedAnchors;

const vendorSet: AnchorSet & { simulated: false } = {
  simulated: false,
  amd: [
    { sha256: '69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd', product: 'Milan' },
    { sha256: '4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1', product: 'Genoa' },
    { sha256: '1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a', product: 'Turin' },
  ],
  nvidiaDevice: ['102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48'],
  nvidiaRim: ['12977b5115acb0381179279fffeb5a8c4d264971ebb32298023a465fa41df5d1'],
  intelSgx: ['44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3'],
  awsNitro: ['641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b'],
};

/** The pinned vendor roots (fingerprints checked against the vendors' published files). */
export const vendorAnchors = vendorSet as VendorAnchors;

/** Anchors of a local network, from its directory. A vendor fingerprint among them is a mistake and is dropped. */
export function simulatedAnchors(roots: {
  amd: readonly string[];
  nvidia: readonly string[];
  intel?: readonly string[];
  rim?: readonly string[];
  nitro?: readonly string[];
}): SimulatedAnchors {
  const real = new Set([
    ...vendorSet.amd.map(({ sha256 }) => sha256),
    ...vendorSet.nvidiaDevice,
    ...vendorSet.nvidiaRim,
    ...vendorSet.intelSgx,
    ...vendorSet.awsNitro,
  ]);
  const set: AnchorSet & { simulated: true } = {
    simulated: true,
    // The simulated CPUs are all of one product line.
    amd: roots.amd.filter((sha256) => !real.has(sha256)).map((sha256) => ({ sha256, product: 'Genoa' })),
    nvidiaDevice: roots.nvidia.filter((sha256) => !real.has(sha256)),
    nvidiaRim: (roots.rim ?? []).filter((sha256) => !real.has(sha256)),
    intelSgx: (roots.intel ?? []).filter((sha256) => !real.has(sha256)),
    awsNitro: (roots.nitro ?? []).filter((sha256) => !real.has(sha256)),
  };
  return set as SimulatedAnchors;
}
