import type { Family } from './family.ts';
import { azureFamily } from './families/azure.ts';
import { sgxFamily, tdxFamily } from './families/dcap.ts';
import { compositeFamily } from './families/composite.ts';
import { eventLogFamily } from './families/eventlog.ts';
import { nitroFamily } from './families/nitro.ts';
import { nrasFamily } from './families/nras.ts';
import { nvidiaFamily } from './families/nvidia.ts';
import { rimFamily } from './families/rim.ts';
import { rootsFamily } from './families/roots.ts';
import { snpFamily } from './families/snp.ts';

/** In the order of detection: what needs more comes before what is part of it. A new family is a file and a line here. */
export const families: readonly Family[] = [
  azureFamily,
  compositeFamily,
  eventLogFamily,
  tdxFamily,
  sgxFamily,
  nitroFamily,
  snpFamily,
  nvidiaFamily,
  nrasFamily,
  rimFamily,
  rootsFamily,
];
