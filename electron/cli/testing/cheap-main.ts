import { testKdf } from '../../core/testing/test-kdf.ts';
import { runCommandLine } from '../main.ts';
import { createTerminal } from '../terminal.ts';

/** `nacre`, with vaults that take 8 MiB instead of 256: for tests that are not about their cost. */
const terminal = createTerminal(new AbortController().signal);
const cost = { kdf: testKdf, kdfFloor: testKdf };
process.exitCode = await runCommandLine(process.argv.slice(2), { ...terminal, cost });
