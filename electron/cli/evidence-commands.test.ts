import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileVerification, InspectedFile, KeptEvidence } from '../contract/evidence-files.ts';
import { err } from '../contract/result.ts';
import { evidenceFilePolicy } from '../domain/evidence/files/default-policy.ts';
import { collateral, intel, sgxQuote, tdxQuote } from '../domain/evidence/dcap/testing/simulated.ts';
import { toHex } from '../domain/evidence/readers/bytes.ts';
import { pem } from '../domain/evidence/simulated/intel-authority.ts';
import { runCommandLine } from './main.ts';
import { runNacre } from './testing/process.ts';

const vectors = resolve('../shared/vectors');
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nacre-evidence-'));
  await writeFile(join(directory, 'quote.hex'), toHex(tdxQuote));
  await writeFile(join(directory, 'sgx.bin'), sgxQuote);
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function nacre(...args: string[]) {
  let out = '';
  let note = '';
  const code = await runCommandLine(args, {
    cwd: directory,
    out: (text) => (out += text),
    note: (text) => (note += text),
    redraws: false,
    secret: async () => err('invalid_input', 'no terminal'),
    signal: new AbortController().signal,
  });
  return { code, out, note };
}

/** No profile of the machine takes part. */
const verify = (...args: string[]) => nacre('evidence', 'verify', '--profile', join(directory, 'no-profile'), ...args);

describe('nacre evidence', () => {
  it('names what it does not take', async () => {
    await writeFile(join(directory, 'twice.json'), '{"a":1,"a":2}');
    await writeFile(join(directory, 'empty'), '');
    await writeFile(join(directory, 'huge'), '');
    await truncate(join(directory, 'huge'), 100 * 1_048_576);
    await writeFile(join(directory, 'leaf.der'), pem(intel.root.certificate));
    await writeFile(join(directory, 'policy.json'), '{\n  "version": 2\n}');
    for (const [args, named] of [
      [['evidence'], 'ACTION is missing'],
      [['evidence', 'explode'], '"explode"'],
      [['evidence', 'verify'], 'FILE is missing'],
      [['evidence', 'inspect'], 'FILE is missing'],
      [['evidence', 'verify', 'quote.hex', '--family', 'abacus'], '"abacus"'],
      [['evidence', 'verify', 'quote.hex', '--nonce', 'xyz'], '--nonce'],
      [['evidence', 'verify', 'quote.hex', '--at', 'yesterday'], '"yesterday"'],
      [['evidence', 'verify', 'quote.hex', '--at', '2026-01-01T00:00:00'], 'is no time'],
      [['evidence', 'verify', 'quote.hex', '--family', 'nitro'], 'quote.hex is a tdx-quote'],
      [
        ['evidence', 'verify', 'leaf.der', '--family', 'snp'],
        'leaf.der is PEM; an SNP report of 1184 bytes was expected',
      ],
      [['evidence', 'verify', 'twice.json'], 'a member name appears twice at byte 7'],
      [['evidence', 'verify', 'empty'], 'is empty'],
      [['evidence', 'verify', 'huge'], 'has 104857600 bytes'],
      [['evidence', 'verify', '.'], 'is a folder'],
      [['evidence', 'verify', 'absent'], 'does not exist'],
      [['evidence', 'inspect', 'twice.json'], 'at byte 7'],
      [['evidence', 'verify', 'quote.hex', '--policy', 'policy.json'], 'line 2'],
      [['evidence', 'verify', 'quote.hex', '--collateral', 'twice.json'], 'twice at byte 7'],
      [['collateral'], 'ACTION is missing'],
      [['collateral', 'fetch'], '"fetch"'],
      [['collateral', 'import'], 'FILE is missing'],
      [['collateral', 'inspect', 'quote.hex'], 'The bundle'],
    ] as const) {
      const { code, out, note } = await nacre(...args, ...(args[1] === 'verify' ? ['--profile', 'no-profile'] : []));
      expect([1, 2], `${args.join(' ')}: ${note}`).toContain(code);
      expect(out).toBe('');
      expect(note).toContain(named);
    }
  }, 60_000);

  it('refuses simulated hardware under the vendors’ roots, with every check, the chain, and what was not checked', async () => {
    await writeFile(join(directory, 'collateral.json'), JSON.stringify({ ...snake(collateral) }));
    const { code, out } = await verify('quote.hex', 'collateral.json', '--at', '2026-06-01T12:00:00Z');
    expect(code).toBe(1);
    expect(out).toMatch(/^REFUSED: chain-root-not-pinned: /);
    for (const words of [
      '✓ The quote is a well-formed TDX quote',
      '✗',
      'Intel SGX Root CA',
      '= mrtd',
      'Not checked:',
      'collateral from files',
    ]) {
      expect(out).toContain(words);
    }
    const asJson = await verify(
      'quote.hex',
      '--collateral',
      'collateral.json',
      '--at',
      '2026-06-01T12:00:00Z',
      '--json',
    );
    const value = JSON.parse(asJson.out) as FileVerification;
    expect(asJson.code).toBe(1);
    expect(value).toMatchObject({
      family: 'tdx',
      collateral: 'collateral.json',
      verification: { status: 'contraindicated' },
    });
    expect(value.chains[0]?.certificates.map(({ pinned }) => pinned)).toEqual([false, false, false]);
  });

  it('judges under the given policy', async () => {
    const { tdx: _, ...silent } = evidenceFilePolicy;
    await writeFile(join(directory, 'silent.json'), JSON.stringify({ ...silent, families: ['snp', 'sgx', 'nitro'] }));
    const refused = await verify('quote.hex', '--policy', 'silent.json', '--json');
    const { verification } = JSON.parse(refused.out) as FileVerification;
    expect(verification.binding).toContainEqual(
      expect.objectContaining({ reason: 'family-not-allowed', outcome: 'fail' }),
    );
  });

  it('judges under test roots that were named, says SIMULATED, and why a measurement differs', async () => {
    await writeFile(join(directory, 'collateral.json'), JSON.stringify({ ...snake(collateral) }));
    await writeFile(join(directory, 'root.pem'), pem(intel.root.certificate));
    const under = ['quote.hex', 'collateral.json', '--test-roots', 'root.pem', '--at', '2026-06-01T12:00:00Z'];
    const { code, out } = await verify(...under);
    expect(out).toMatch(/^SIMULATED: .*\nAFFIRMED\n/);
    expect(code).toBe(0);
    const plain = JSON.parse((await verify(...under, '--json')).out) as FileVerification;
    expect(plain.verification).toMatchObject({ simulated: true, status: 'affirming' });
    expect(plain.differences).toBeUndefined();
    const { tdx } = evidenceFilePolicy;
    const another = 'ab'.repeat(48);
    const policy = {
      ...evidenceFilePolicy,
      acceptSimulated: true,
      tdx: { ...tdx, measurements: { ...tdx?.measurements, mrtd: [another] } },
    };
    await writeFile(join(directory, 'another.json'), JSON.stringify(policy));
    const refused = JSON.parse((await verify(...under, '--policy', 'another.json', '--json')).out) as FileVerification;
    expect(refused.differences).toMatchObject([
      { attester: 'cpu0', check: 'tdx.mrtd', register: 'MRTD', expected: [another] },
    ]);
    expect((await verify(...under, '--policy', 'another.json')).out).toContain('why measurements differ\n  cpu0: MRTD');
    await writeFile(join(directory, 'real.json'), JSON.stringify({ ...policy, acceptSimulated: false }));
    const never = await verify(...under, '--policy', 'real.json');
    expect(never.note).toContain('accepts no SIMULATED hardware');
    expect((await verify('quote.hex', '--test-roots', 'quote.hex')).note).toContain('no root certificate');
  });

  it('keeps files with their verdict in a profile, and lists them', async () => {
    const inProfile = (...args: string[]) =>
      runNacre(directory, [...args, '--profile', 'profile', '--passphrase-fd', '0'], 'correct horse battery\n');
    expect((await inProfile('vault', 'create')).code).toBe(0);
    const kept = await inProfile('evidence', 'keep', 'quote.hex', '--at', '2026-06-01T12:00:00Z', '--json');
    expect(kept.code, kept.note).toBe(1);
    const { id, result } = JSON.parse(kept.out) as KeptEvidence;
    expect(result).toMatchObject({ family: 'tdx', verification: { status: 'contraindicated' } });
    const list = await inProfile('evidence', 'kept');
    expect(list).toMatchObject({ code: 0 });
    expect(list.out).toMatch(new RegExp(`^${id} .* tdx  contraindicated  quote.hex\\n$`));
  }, 120_000);

  it('shows every field of a file, wrapped or not, and where reading stops', async () => {
    const { code, out } = await nacre('evidence', 'inspect', 'quote.hex');
    expect(code).toBe(0);
    expect(out).toContain('tdx-quote (hex)');
    expect(out).toMatch(/0\+2 +header\.version/);
    expect(out).toMatch(/body\.reportdata +[0-9a-f]{128} {2}# what the guest bound/);
    const value = JSON.parse((await nacre('evidence', 'inspect', 'sgx.bin', '--json')).out) as InspectedFile;
    expect(value).toMatchObject({ family: 'sgx', bytes: sgxQuote.length });
    await writeFile(join(directory, 'short.bin'), tdxQuote.subarray(0, 640));
    expect((await nacre('evidence', 'inspect', 'short.bin')).out).toMatch(/STOPPED: .* \(offset 636\)/);
    // Nothing in a file may redraw the terminal.
    await writeFile(join(directory, 'evil.json'), JSON.stringify({ quote: 'x', event_log: '\u001B[2J\u0007' }));
    expect((await nacre('evidence', 'inspect', 'evil.json')).out).not.toContain('\u001B');
  });

  if (!existsSync(vectors)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }

  it('affirms real evidence at its time, with exit code 0, and not a day after', async () => {
    const files = ['report.bin', 'cert_chain.pem', 'driver_rim.xml', 'vbios_rim.xml'].map((name) =>
      join(vectors, 'nvidia', 'h100-complete-with-rims', name),
    );
    const real = await runNacre(directory, [
      'evidence',
      'verify',
      ...files,
      '--at',
      '2024-06-01T00:00:00Z',
      '--profile',
      'no-profile',
    ]);
    expect(real.out).toMatch(/^AFFIRMED\n/);
    expect(real).toMatchObject({ code: 0, note: '' });
    expect((await verify(...files)).code).toBe(1);
    const { nonce } = JSON.parse(
      readFileSync(join(vectors, 'nvidia', 'h100-complete-with-rims', 'meta.json'), 'utf8'),
    ) as { nonce: string };
    expect((await verify(...files, '--at', '2024-06-01T00:00:00Z', '--nonce', nonce)).code).toBe(0);
    expect((await verify(...files, '--at', '2024-06-01T00:00:00Z', '--nonce', '00')).out).toContain(
      'gpu-nonce-mismatch',
    );
  }, 30_000);
});

function snake(of: typeof collateral): Record<string, string> {
  return Object.fromEntries(
    Object.entries(of).map(([name, text]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), text]),
  );
}
