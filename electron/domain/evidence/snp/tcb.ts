import type { SnpTcb } from '../../../contract/policy.ts';
import type { AmdProduct } from '../anchors.ts';

/** TCB_VERSION: Turin and later put FMC first and move everything by one (AMD 56860 table TCB_VERSION). */
const layouts: Readonly<Record<'genoa' | 'turin', Readonly<Partial<Record<keyof SnpTcb, number>>>>> = {
  genoa: { bootloader: 0, tee: 1, snp: 6, microcode: 7 },
  turin: { fmc: 0, bootloader: 1, tee: 2, snp: 3, microcode: 7 },
};

const parts = ['fmc', 'bootloader', 'tee', 'snp', 'microcode'] as const;

function layoutOf(product: AmdProduct) {
  return layouts[product === 'Turin' ? 'turin' : 'genoa'];
}

/** Reads the 8 bytes of a TCB_VERSION of a product. */
export function decodeTcb(bytes: Uint8Array, product: AmdProduct): SnpTcb {
  const layout = layoutOf(product);
  const part = (name: keyof SnpTcb) => bytes[layout[name] ?? 8] ?? 0;
  return {
    bootloader: part('bootloader'),
    tee: part('tee'),
    snp: part('snp'),
    microcode: part('microcode'),
    ...(layout.fmc === undefined ? {} : { fmc: part('fmc') }),
  };
}

/** Inverse of `decodeTcb`. */
export function encodeTcb(tcb: SnpTcb, product: AmdProduct): Uint8Array {
  const bytes = new Uint8Array(8);
  const layout = layoutOf(product);
  for (const name of parts) {
    const at = layout[name];
    if (at !== undefined) bytes[at] = tcb[name] ?? 0;
  }
  return bytes;
}

/** Names of the parts of `tcb` that are below `minimum`: every part counts on its own, they are no one number. */
export function tcbPartsBelow(tcb: SnpTcb, minimum: SnpTcb): string[] {
  return parts.filter((name) => (tcb[name] ?? 0) < (minimum[name] ?? 0));
}

/** `bootloader 10, tee 0, snp 23, microcode 84` */
export function tcbText(tcb: SnpTcb): string {
  return parts
    .filter((name) => tcb[name] !== undefined)
    .map((name) => `${name} ${tcb[name]}`)
    .join(', ');
}

/** Family 0x19: models 0x00-0x0F Milan, 0x10-0x1F and 0xA0-0xAF Genoa, Bergamo and Siena; family 0x1A: Turin. */
export function productOfCpuid({ family, model }: { family: number; model: number }): AmdProduct | undefined {
  const line = model >> 4;
  if (family === 0x1a && (line === 0x0 || line === 0x1)) return 'Turin';
  if (family !== 0x19) return undefined;
  return line === 0x0 ? 'Milan' : line === 0x1 || line === 0xa ? 'Genoa' : undefined;
}

/** `Milan-B0`, `Genoa`, `Siena-A0`: the product line in the name that AMD puts into VCEKs. */
export function productOfName(name: string): AmdProduct | undefined {
  const line = name.split('-')[0];
  if (line === 'Milan' || line === 'Genoa' || line === 'Turin') return line;
  return line === 'Bergamo' || line === 'Siena' ? 'Genoa' : undefined;
}
