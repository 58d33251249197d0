import type { ApprovalView } from '../../../../electron/contract/approval.ts';

/** What a request is about, in a word or two. */
export const kindWords: Readonly<Record<ApprovalView['kind'], string>> = {
  'key-release': 'Key release',
  'policy-change': 'Policy',
  override: 'Override',
  export: 'Export',
  'members-change': 'Members',
};

/** Where a request stands, as a sentence. */
export function stateSentence({ state, approvals }: Pick<ApprovalView, 'state' | 'approvals'>): string {
  const count = `${approvals.have} of ${approvals.need} approved`;
  switch (state) {
    case 'waiting':
      return `Waiting, ${count}`;
    case 'granted':
      return `Granted, ${count}`;
    case 'refused':
      return 'Refused by a custodian';
    case 'expired':
      return `Expired, ${count}`;
    case 'used':
      return 'Used, it cannot be used again';
    case 'withdrawn':
      return 'Withdrawn';
    case 'stale':
      return 'Made under an older rule; ask again';
  }
}

/** Why an answer does not count. */
export function whyWords(why: string | undefined): string {
  const words: Readonly<Record<string, string>> = {
    'other-request': 'it answers another request',
    'not-a-member': 'its key is in no member’s name',
    'not-a-custodian': 'its key is no custodian’s',
    'same-custodian-twice': 'this custodian was counted already',
    'requester-own': 'whoever asks may not approve',
    'too-early': 'it is dated before the request',
    'too-late': 'it is dated after the end of the request',
  };
  return words[why ?? ''] ?? 'it does not count';
}
