import { expect, it } from 'vitest';
import { exportWords, followWords } from './mlflow-words.ts';

it('says what of a run is on an MLflow server, and whether that is all', () => {
  const sent = { runId: 'r', serverId: 's', url: 'u', experiment: 'nacre', mlflowRunId: 'm', points: 1989 };
  const at = '2026-11-23T02:55:05.000Z';
  expect(exportWords({ ...sent, complete: true, at })).toBe(
    '1,989 figures in experiment nacre, complete. 2026-11-23 02:55:05 UTC.',
  );
  expect(exportWords({ ...sent, complete: false, at })).toContain('so far');
});

it('says how following goes, and that it waits when the server is away', () => {
  const run = { id: 'f', serverId: 's', url: 'u', mlflowRunId: 'm', name: 'theirs', metrics: [], points: 400 };
  const followed = { ...run, truncated: false };
  expect(followWords({ ...followed, state: 'following', status: 'RUNNING' })).toBe(
    '400 figures read. It is running there, and followed.',
  );
  const error = { code: 'unavailable', message: 'It cannot be reached.' };
  expect(followWords({ ...followed, state: 'waiting', error })).toBe(
    '400 figures read. It cannot be reached. It is asked again.',
  );
  expect(followWords({ ...followed, state: 'ended', status: 'KILLED', truncated: true })).toBe(
    '400 figures read, the rest is left out. It has ended: killed.',
  );
});
