/** Everything that a simulation can reach, so that it can say what it has not. */
import { faults } from '../../simulators/src/faults/registry.ts';
import { BLOWS } from './blows/index.ts';
import { BANK_CODES, HEARD_CODES, STRANGERS } from './reach/codes.ts';
import { BANK_EXCEPTIONS, BANK_TIMELINE, EXCEPTIONS, EXCEPTIONS_NOT_HERE, TIMELINE } from './reach/names.ts';
import { OUTCOMES } from './reach/outcomes.ts';
import { ARROWS } from './invariants/arrows.ts';
import { STORIES } from './stories/index.ts';

interface Part {
  readonly kind: string;
  /** As `Coverage` counts them. */
  readonly members: readonly string[];
}

const NETWORK_FATES = [
  'refused',
  'request_lost',
  'answer_lost',
  'answer_late',
  'reset_before',
  'reset_after',
  'garbled',
  'duplicated',
];
const DATABASE_FATES = ['lost_before', 'lost_after', 'held', 'waited', 'sent_again', 'rolled_back'];
const BANK_TABLES: ReadonlySet<string> = new Set(['bank_credits', 'bank_returns', 'virtual_accounts']);

const OTHER_TABLES = Object.keys(ARROWS).filter((table) => !BANK_TABLES.has(table));

/** Notifications that an operator sends once more. */
const BY_OPERATOR: readonly string[] = [
  'arrow notifications failed → pending',
  'arrow notifications failed → delivered',
  'arrow notifications delivered → pending',
];

function arrowNames(tables: readonly string[]): string[] {
  return tables.flatMap((table) =>
    Object.entries(ARROWS[table] ?? {}).flatMap(([state, next]) => next.map((to) => `arrow ${table} ${state} → ${to}`)),
  );
}

const named = (kind: string, names: readonly string[]): string[] => names.map((name) => `${kind} ${name}`);

export const UNIVERSE: readonly Part[] = [
  { kind: 'outcomes', members: OUTCOMES.map(({ section, row }) => `outcome ${section}: ${row}`) },
  { kind: 'exceptions', members: named('exception', EXCEPTIONS) },
  { kind: 'lines of timelines', members: named('timeline', TIMELINE) },
  { kind: 'state arrows', members: arrowNames(OTHER_TABLES).filter((name) => !BY_OPERATOR.includes(name)) },
  { kind: 'codes by endpoint', members: HEARD_CODES },
  { kind: 'what strangers hear', members: STRANGERS },
  { kind: 'codes of bank transfers', members: BANK_CODES },
  {
    kind: 'exceptions of bank transfers',
    members: named(
      'exception',
      BANK_EXCEPTIONS.filter((kind) => !EXCEPTIONS_NOT_HERE.some((one) => one.kind === kind)),
    ),
  },
  { kind: 'lines of timelines of bank transfers', members: named('timeline', BANK_TIMELINE) },
  { kind: 'state arrows of bank transfers', members: arrowNames([...BANK_TABLES]) },
  { kind: 'state arrows by the operator', members: BY_OPERATOR },
  {
    kind: 'channel faults',
    members: named(
      'fault',
      faults.map(({ name }) => name),
    ),
  },
  { kind: 'network faults', members: named('network', NETWORK_FATES) },
  { kind: 'database faults', members: named('database', DATABASE_FATES) },
  { kind: 'stories', members: named('story', Object.keys(STORIES)) },
  { kind: 'blows', members: named('blow', Object.keys(BLOWS)) },
];
