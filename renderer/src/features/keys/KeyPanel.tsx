import { useState } from 'react';
import type { KeyView } from '../../../../electron/contract/keys.ts';
import { useNow } from '../../state/index.ts';
import { Button, Digest, KeyValue, Section, SidePanel, formatCount, formatDateTime } from '../../ui/index.ts';
import { ExportKeyDialog, LabelDialog, RevokeDialog, RotateDialog } from './KeyDialogs.tsx';
import { purposeWords, stateOf, typeWords } from './words.ts';

interface KeyPanelProps {
  readonly of: KeyView;
  readonly onLedger: (keyId: string) => void;
}

const day = (time: string | undefined, none: string) =>
  time === undefined || time === '' ? none : formatDateTime(time);

/** One key: what it is for, its public part, and what can be done with it. */
export function KeyPanel({ of, onLedger }: KeyPanelProps) {
  const now = useNow();
  const [dialog, setDialog] = useState<'label' | 'rotate' | 'revoke' | 'export'>();
  const close = () => setDialog(undefined);
  const rotatable = of.state !== 'revoked';
  return (
    <SidePanel label={`Key ${of.label}`}>
      <Section title={of.label} note={stateOf(of, now)}>
        <p className="dim">{purposeWords[of.purpose]}.</p>
        <KeyValue
          items={[
            { name: 'Type', value: typeWords[of.type] },
            { name: 'Public part', value: <Digest value={of.publicKey} of={`public part of ${of.label}`} /> },
            ...(of.address === undefined
              ? []
              : [{ name: 'Address', value: <Digest value={of.address} of={`address of ${of.label}`} /> }]),
            { name: 'Id', value: <span className="mono">{of.id}</span> },
            { name: 'Origin', value: of.origin === 'made' ? 'made in this vault' : 'imported' },
            { name: 'Created', value: day(of.createdAt, 'unknown') },
            { name: 'Expires', value: day(of.expiresAt, 'never') },
            { name: 'Last used', value: day(of.lastUsedAt, 'never') },
            { name: 'Uses', value: formatCount(of.uses) },
            ...(of.revokedAt === undefined ? [] : [{ name: 'Revoked', value: formatDateTime(of.revokedAt) }]),
            ...(of.reason === undefined ? [] : [{ name: 'Reason', value: of.reason }]),
            ...(of.replacedBy === undefined
              ? []
              : [{ name: 'Replaced by', value: <span className="mono">{of.replacedBy}</span> }]),
          ]}
        />
      </Section>
      <Section title="What you can do">
        <div className="stack">
          <Button onClick={() => setDialog('label')}>Change label or expiry</Button>
          {rotatable ? (
            <Button onClick={() => setDialog('rotate')}>
              {of.state === 'active' ? 'Rotate to a new key' : 'Make it the active key'}
            </Button>
          ) : null}
          <Button onClick={() => setDialog('export')}>Export key</Button>
          <Button onClick={() => onLedger(of.id)}>Show its uses in the ledger</Button>
          {of.state === 'active' || of.state === 'revoked' ? null : (
            <Button variant="danger" onClick={() => setDialog('revoke')}>
              Revoke key
            </Button>
          )}
          {of.state === 'active' ? <p className="dim small">The active key is revoked after a rotation.</p> : null}
        </div>
      </Section>
      {dialog === 'label' ? <LabelDialog of={of} onClose={close} /> : null}
      {dialog === 'rotate' ? <RotateDialog of={of} onClose={close} /> : null}
      {dialog === 'revoke' ? <RevokeDialog of={of} onClose={close} /> : null}
      {dialog === 'export' ? <ExportKeyDialog of={of} onClose={close} /> : null}
    </SidePanel>
  );
}
