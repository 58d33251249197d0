import { err, type ErrorCode, type NacreError } from '../../contract/result.ts';
import type { TaskFailure } from './segment-task.ts';

const codes: Readonly<Record<string, readonly [ErrorCode, string, string?]>> = {
  ENOENT: ['not_found', 'does not exist'],
  ENOTDIR: ['invalid_input', 'has a file where a folder is needed'],
  EISDIR: ['invalid_input', 'is a folder'],
  EEXIST: ['already_exists', 'exists already', 'Choose another name; nothing is overwritten unless asked.'],
  EACCES: ['not_permitted', 'is not permitted to this user', 'Check the owner and the permissions.'],
  EPERM: ['not_permitted', 'is not permitted to this user', 'Check the owner and the permissions.'],
  EROFS: ['not_permitted', 'is on a read-only file system', 'Choose a folder that can be written.'],
  ENOSPC: ['disk_full', 'does not fit: the disk is full', 'Free some space or choose another disk.'],
  EDQUOT: ['disk_full', 'does not fit: the quota is used up', 'Free some space or choose another disk.'],
  EFBIG: ['disk_full', 'is larger than this system lets a file grow', 'Raise the limit or choose another disk.'],
  ELOOP: ['invalid_input', 'is a symbolic link that leads in a circle'],
  ENAMETOOLONG: ['invalid_input', 'has too long a name'],
  EMFILE: ['unavailable', 'could not be opened: too many files are open', 'Close other programs and try again.'],
};

/** An errno as an answer that names the file and what to do. */
export function fileError(
  action: 'Reading' | 'Writing' | 'Opening',
  path: string,
  cause: unknown,
): { readonly ok: false; readonly error: NacreError } {
  const errno = typeof cause === 'string' ? cause : ((cause as NodeJS.ErrnoException).code ?? 'unknown');
  const known = codes[errno];
  if (known === undefined) {
    return err('unavailable', `${action} ${path} failed (${errno}).`, { details: { path, errno } });
  }
  const [code, words, hint] = known;
  return err(code, `${action} ${path}: it ${words}.`, {
    ...(hint === undefined ? {} : { hint }),
    details: { path, errno },
  });
}

/** A worker's failure as an answer; `places` are the files it worked on. */
export function taskError(
  failure: TaskFailure,
  places: { readonly from: string; readonly to: string },
): { readonly ok: false; readonly error: NacreError } {
  switch (failure.kind) {
    case 'read':
      return fileError('Reading', failure.path ?? places.from, failure.code);
    case 'write':
      return fileError('Writing', places.to, failure.code);
    case 'changed': {
      const path = failure.path ?? places.from;
      return err('wrong_state', `${path} changed while it was read; nothing was kept.`, {
        hint: 'Wait until nothing writes to it, or work on a copy.',
        details: { path, reason: 'changed' },
      });
    }
    case 'damaged':
      return err('integrity', `${places.from} is damaged in chunk ${failure.chunk + 1}; nothing was kept.`, {
        hint: 'Fetch the file again, or take another copy.',
        details: { failure: 'payload', chunk: failure.chunk },
      });
    case 'stale':
      return err('wrong_state', `What was sealed of ${places.from} before is not what it holds now.`, {
        details: { path: places.from, reason: 'stale' },
      });
  }
}
