import type { Check } from '../../contract/evidence.ts';

/** What one printed report says, in words and figures that come from a checked pack and nowhere else. */
export interface ReportModel {
  readonly title: string;
  readonly subtitle: string;
  readonly reportId: string;
  /** UTC RFC 3339. */
  readonly madeAt: string;
  /** Draws the SIMULATED mark on every page. */
  readonly simulated: boolean;
  readonly verdict: {
    readonly tone: 'verified' | 'warning' | 'refused';
    readonly headline: string;
    readonly sentence: string;
    /** Box at the right: what a reader must not overlook. */
    readonly exception?: { readonly headline: string; readonly sentence: string };
  };
  readonly scope: readonly { readonly label: string; readonly value: string; readonly mono: boolean }[];
  readonly proves: readonly string[];
  readonly doesNotProve: readonly string[];
  readonly mustStillDo: readonly string[];
  readonly custody: readonly { readonly title: string; readonly lines: readonly string[] }[];
  /** Attempts that a node ended, oldest first; the one that succeeded is not among them. */
  readonly attempts: readonly { readonly title: string; readonly figures: string; readonly cause: string }[];
  readonly lanes: readonly {
    readonly node: string;
    readonly note: string;
    readonly segments: readonly {
      readonly from: number;
      readonly until: number;
      readonly state: 'verified' | 'overridden' | 'gap' | 'refused' | 'lost';
    }[];
  }[];
  readonly lastStep: number;
  readonly signatures: readonly { readonly role: string; readonly lines: readonly string[] }[];
  readonly pack: { readonly fileName: string; readonly sha256: string; readonly log: string };
  readonly checks: readonly Check[];
  readonly notChecked: readonly string[];
  readonly digests: readonly { readonly label: string; readonly value: string }[];
}
