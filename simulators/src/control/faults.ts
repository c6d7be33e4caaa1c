import { faultOperations } from '../faults/registry.ts';
import type { FaultBoard } from '../faults/registry.ts';
import { choiceField, optionalNumber, readFields } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

const COUNT_RANGE = { minimum: 1, maximum: 1_000_000, whole: true };
const RATE_RANGE = { minimum: 0, maximum: 1, whole: false };
const DELAY_RANGE_MS = { minimum: 0, maximum: 3_600_000, whole: true };

/**
 * Injects, lists and clears faults.
 * @param channels the channels that are here: a fault for another one would never fire
 */
export function faultRoutes(board: FaultBoard, channels: readonly string[]): Route[] {
  const path = '/control/faults';
  return [
    {
      method: 'GET',
      path,
      answer: () =>
        jsonAnswer(200, {
          channels,
          operations: faultOperations,
          faults: board.kinds(),
          active: board.list(),
        }),
    },
    {
      method: 'POST',
      path,
      answer: (request) => {
        const fields = readFields(request, ['channel', 'operation', 'fault', 'count', 'rate', 'delay_ms']);
        const names = board.kinds().map(({ name }) => name);
        const channel = choiceField(fields, 'channel', channels);
        const operation = choiceField(fields, 'operation', faultOperations);
        const fault = choiceField(fields, 'fault', names);
        const count = optionalNumber(fields, 'count', COUNT_RANGE);
        const rate = optionalNumber(fields, 'rate', RATE_RANGE);
        const delay_ms = optionalNumber(fields, 'delay_ms', DELAY_RANGE_MS);
        const active = board.add({
          channel,
          operation,
          fault,
          ...(count === undefined ? {} : { count }),
          ...(rate === undefined ? {} : { rate }),
          ...(delay_ms === undefined ? {} : { delay_ms }),
        });
        return jsonAnswer(200, active);
      },
    },
    {
      method: 'DELETE',
      path,
      answer: () => {
        const cleared = board.list().length;
        board.clear();
        return jsonAnswer(200, { cleared });
      },
    },
  ];
}
