import { useNavigate } from 'react-router';
import { useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import { Button, plural, TrustLabel } from '../../ui/index.ts';
import { collateralState } from './file-words.ts';

/** The other places of the evidence area, and a warning when collateral has expired. */
export function EvidenceLinks() {
  const navigate = useNavigate();
  const now = useNow();
  const collateral = useMethod('collateral.list', {});
  const expired = (collateral.data ?? []).filter((item) => collateralState(item, now) === 'expired');
  return (
    <>
      {expired.length === 0 ? null : (
        <a className="small" href="#/evidence/collateral">
          <TrustLabel trust="warning" word={`${plural(expired.length, 'collateral item')} expired`} />
        </a>
      )}
      <Button onClick={() => void navigate('/evidence/collateral')}>Collateral</Button>
      <Button onClick={() => void navigate('/evidence/file')}>Open evidence file</Button>
    </>
  );
}
