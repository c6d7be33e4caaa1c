/** Everything that a simulation can reach, so that it can say what it has not. */
import { faults, faultChannels } from '../../simulators/src/faults/registry.ts';
import { BLOWS } from './blows/index.ts';
import { ARROWS } from './invariants/arrows.ts';
import { STORIES } from './stories/index.ts';

interface Part {
  readonly kind: string;
  /** As `Coverage` counts them. */
  readonly members: readonly string[];
}

function arrowNames(): string[] {
  return Object.entries(ARROWS).flatMap(([table, from]) =>
    Object.entries(from).flatMap(([state, next]) => next.map((to) => `arrow ${table} ${state} → ${to}`)),
  );
}

export const UNIVERSE: readonly Part[] = [
  { kind: 'state arrows', members: arrowNames() },
  { kind: 'channel faults', members: faultChannels.length > 0 ? faults.map((fault) => `fault ${fault.name}`) : [] },
  {
    kind: 'network faults',
    members: [
      'refused',
      'request_lost',
      'answer_lost',
      'answer_late',
      'reset_before',
      'reset_after',
      'garbled',
      'duplicated',
    ].map((fate) => `network ${fate}`),
  },
  {
    kind: 'database faults',
    members: ['lost_before', 'lost_after', 'held', 'waited', 'sent_again', 'rolled_back'].map(
      (fate) => `database ${fate}`,
    ),
  },
  { kind: 'stories', members: Object.keys(STORIES).map((name) => `story ${name}`) },
  { kind: 'blows', members: Object.keys(BLOWS).map((name) => `blow ${name}`) },
];
