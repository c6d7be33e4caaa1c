import type { Invariant } from './invariant.ts';

/** 500 says that something happened which nobody had thought of. */
export const noSystemError: Invariant = {
  name: 'no-system-error',
  promise: 'nobody is answered 500',
  judge: () => ({
    watch(observation) {
      if (observation.kind !== 'answered' || observation.result.kind !== 'answered') return [];
      const { path, result, fields } = observation;
      return result.code === 500
        ? [{ sentence: `${path} of ${String(fields['mch_trade_id'] ?? fields['mch_refund_id'])} was answered 500` }]
        : [];
    },
  }),
};
