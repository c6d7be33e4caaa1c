import type { Teller } from './callbacks.ts';
import { ControlError } from '../kernel/control-error.ts';
import { optionalNumber, readFields } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

/** 0.0001 makes WeChat's fifteen seconds 1.5 ms; slower than upstream serves nobody. */
const SCALE_RANGE = { minimum: 0.0001, maximum: 1, whole: false };

/** Sets the pace of repeated callbacks until the simulators stop. */
export function cadenceRoutes(channels: readonly Teller[]): Route[] {
  return [
    {
      method: 'POST',
      path: '/control/cadence',
      answer: (request) => {
        const scale = optionalNumber(readFields(request, ['scale']), 'scale', SCALE_RANGE);
        if (scale === undefined) {
          throw new ControlError(400, "scale is missing: 1 is upstream's own pace, 0.01 is a hundred times faster");
        }
        for (const simulator of channels) simulator.setCadenceScale(scale);
        return jsonAnswer(200, { scale });
      },
    },
  ];
}
