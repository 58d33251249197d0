import type { SgxPolicy, TdxPolicy } from '../../contract/policy.ts';

/**
 * Strict on everything that a quote alone can show: UpToDate only, SEPT_VE_DISABLE on, no service TD. No reference values,
 * because which image should run is for a person to say.
 */
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

/** The same of an enclave. */
export const strictSgxPolicy: SgxPolicy = {
  acceptedStatuses: ['UpToDate'],
  minimumEvaluationDataNumber: 0,
  mrEnclaves: [],
  mrSigners: [],
};
