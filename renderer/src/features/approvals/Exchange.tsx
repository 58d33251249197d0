import { useState } from 'react';
import { useAction, useMethod } from '../../host/index.ts';
import { Banner, Button, ErrorMessage, Section, TextInput, Waiting, formatBytes } from '../../ui/index.ts';
import { AnimatedCode } from './AnimatedCode.tsx';
import styles from './Approvals.module.css';

/** Bytes of one part: small enough for the camera of a laptop. */
const fragmentBytes = 220;

interface ExchangeProps {
  readonly what: 'request' | 'answer' | 'members';
  readonly id?: string;
  readonly title: string;
  /** What the code or file holds, in words. */
  readonly holds: string;
}

/** One document on its way to another desk: as a code for its camera, or as a file. Nothing in it is secret. */
export function Exchange({ what, id, title, holds }: ExchangeProps) {
  const [showing, setShowing] = useState(false);
  const [path, setPath] = useState('');
  const of = { what, ...(id === undefined ? {} : { id }) };
  const codes = useMethod('approvals.codes', { ...of, fragmentBytes }, { enabled: showing });
  const save = useAction('approvals.export');
  const write = (form: 'file' | 'png') => save.mutate({ ...of, path: path.trim(), form });
  const none = path.trim() === '' ? '' : undefined;
  return (
    <Section title={title}>
      <div className="stack">
        <p className="dim">{holds} It is signed, and holds no key and no data.</p>
        {showing ? (
          <>
            {codes.isPending ? <Waiting>Drawing the code</Waiting> : null}
            {codes.error === null ? null : <ErrorMessage inline error={codes.error.error} />}
            {codes.data === undefined ? null : (
              <AnimatedCode parts={codes.data.parts} fragments={codes.data.fragments} label={title} />
            )}
          </>
        ) : null}
        <div className={styles.codeActs}>
          <Button onClick={() => setShowing(!showing)}>{showing ? 'Hide code' : 'Show as code'}</Button>
        </div>
        <TextInput
          name="Or write to a new file"
          mono
          value={path}
          placeholder="/media/usb/request.json"
          onChange={(event) => setPath(event.currentTarget.value)}
        />
        <div className={styles.codeActs}>
          <Button off={none} onClick={() => write('file')}>
            Write file
          </Button>
          <Button off={none === undefined ? undefined : 'Name a file.'} onClick={() => write('png')}>
            Write picture (PNG)
          </Button>
        </div>
        {save.error === null ? null : <ErrorMessage inline error={save.error.error} />}
        {save.data === undefined ? null : (
          <Banner kind="fact" title="Written.">
            <span className="mono">{save.data.path}</span>, {formatBytes(save.data.bytes)}
            {save.data.codes === 0 ? '' : `, ${save.data.codes} codes`}
          </Banner>
        )}
      </div>
    </Section>
  );
}
