import type { SgxPolicy, TdxPolicy } from '../../../../contract/policy.ts';

/** Strict, and open where a test says nothing: UpToDate only, SEPT_VE_DISABLE on, no service TD, no reference values. */
export const strictTdxPolicy: TdxPolicy = {
  acceptedStatuses: ['UpToDate'],
  minimumEvaluationDataNumber: 0,
  requireSeptVeDisable: true,
  performanceMonitoringAllowed: false,
  measurements: {
    mrtd: [],
    rtmr0: [],
    rtmr1: [],
    rtmr2: [],
    rtmr3: [],
    mrConfigId: [],
    mrOwner: [],
    mrOwnerConfig: [],
  },
  serviceTds: [],
};

export const strictSgxPolicy: SgxPolicy = {
  acceptedStatuses: ['UpToDate'],
  minimumEvaluationDataNumber: 0,
  mrEnclaves: [],
  mrSigners: [],
};
