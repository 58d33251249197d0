import { readIdentityFile, createStandaloneSealing } from '../../../core/sealing.ts';

/** A process that seals or opens one file and prints how it went; tests kill it. */
const [action, identityFile = '', recipient = '', from = '', out = ''] = process.argv.slice(2);
const sealing = createStandaloneSealing({ size: 2 });
const identities = await readIdentityFile(identityFile);
if (!identities.ok) throw new Error(identities.error.message);
const done =
  action === 'seal'
    ? await sealing.seal({
        path: from,
        recipients: [recipient],
        out,
        manifest: true,
        lendIdentities: (work) => work(identities.value),
      })
    : await sealing.open({ file: from, identities: identities.value, out });
process.stdout.write(JSON.stringify(done));
await sealing.close();
