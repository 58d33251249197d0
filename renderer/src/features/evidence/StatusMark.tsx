import type { EarStatus } from '../../../../electron/contract/evidence.ts';
import { Tick, TrustMark } from '../../ui/index.ts';
import { trustOfStatus } from './verdict.ts';

interface StatusMarkProps {
  readonly status: EarStatus;
  readonly simulated: boolean;
  /** Evidence out of a file is neither fresh nor bound to a job: it never gets the pearl. */
  readonly fromFile: boolean;
  readonly title?: string | undefined;
}

/** The mark of one attester's result. */
export function StatusMark({ status, simulated, fromFile, title }: StatusMarkProps) {
  if (fromFile && !simulated && status === 'affirming') return <Tick {...(title === undefined ? {} : { title })} />;
  return <TrustMark trust={trustOfStatus(status)} simulated={simulated} title={title} />;
}
