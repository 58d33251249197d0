import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import type { DatasetView } from '../../../../electron/contract/views.ts';
import { useMethod } from '../../host/index.ts';
import { Banner, Checkbox, Select, TextInput } from '../../ui/index.ts';
import { formatCommand, parseCommand, type Script } from './commands.ts';
import styles from './Designer.module.css';

interface ScriptFieldsProps {
  readonly script: Script;
  readonly dataset: DatasetView | undefined;
  readonly onScript: (script: Script) => void;
}

const requirements = 'requirements.txt';

/** A script that lies in the sealed folder beside its data: chosen from the names in the plain folder, never opened here. */
export function ScriptFields({ script, dataset, onScript }: ScriptFieldsProps) {
  const [args, setArgs] = useState(formatCommand(script.args));
  const folder = useMethod(
    'files.browse',
    { directory: dataset?.sourcePath ?? '' },
    { enabled: dataset?.sourcePath !== undefined },
  );
  const names = (folder.data?.entries ?? []).filter(({ kind }) => kind === 'file').map(({ name }) => name);
  const scripts = names.filter((name) => name.endsWith('.py'));
  const only = scripts.length === 1 ? scripts[0] : undefined;
  const known = scripts.includes(script.file);
  useEffect(() => {
    if (only !== undefined && !known) onScript({ ...script, file: only });
  }, [only, known, script, onScript]);
  const alone = folder.error?.error.code === 'invalid_input';
  return (
    <>
      <div className={styles.line}>
        <div className={styles.wide}>
          {scripts.length === 0 ? (
            <TextInput
              name="Script in the sealed folder"
              mono
              value={script.file}
              onChange={(event) => onScript({ ...script, file: event.currentTarget.value })}
            />
          ) : (
            <Select
              name="Script in the sealed folder"
              placeholder="Choose the script"
              value={known ? script.file : undefined}
              options={scripts.map((name) => ({ value: name, label: name }))}
              onValue={(file) => onScript({ ...script, file })}
            />
          )}
        </div>
        <div className={styles.grow}>
          <TextInput
            name="Arguments"
            mono
            value={args}
            placeholder="--epochs 15"
            onChange={(event) => {
              setArgs(event.currentTarget.value);
              onScript({ ...script, args: parseCommand(event.currentTarget.value) });
            }}
          />
        </div>
      </div>
      {names.includes(requirements) || script.install ? (
        <Checkbox
          checked={script.install}
          onChange={(event) => onScript({ ...script, install: event.currentTarget.checked })}
          note="Only what the node does not have yet. It comes from the node’s package index and nothing in the evidence covers it: give each line a hash, which pip then demands."
        >
          Install {requirements} first
        </Checkbox>
      ) : null}
      {alone ? (
        <Banner kind="warning" title={`${dataset?.name ?? 'This dataset'} is one file, without a script.`}>
          Put script and data into one folder, <Link to="/datasets">seal the folder</Link>, and choose it in step 1.
        </Banner>
      ) : folder.error === null ? null : (
        <p className="small dim">
          The plain folder is not there any more, so its scripts cannot be listed: type the name.
        </p>
      )}
      <p className="small dim">
        The node’s own python3 runs it (on the local network that of this computer), with DATASET_DIR, OUTPUT_DIR and
        CHECKPOINT_DIR, and after a loss RESUME_DIR; several workers also get RANK, WORLD_SIZE, MASTER_ADDR and
        MASTER_PORT. Metrics come through mlflow or as JSON lines; files in CHECKPOINT_DIR and OUTPUT_DIR come home
        sealed.
      </p>
    </>
  );
}
