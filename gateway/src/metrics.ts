import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the gateway counts. Labels come from short lists only (channel, account, code, reason words): never a number or a name of a merchant or an order. */
export interface Metrics {
  readonly registry: Registry;
  readonly requests: Counter<'endpoint' | 'code'>;
  readonly request_seconds: Histogram<'endpoint'>;
  readonly channel_calls: Counter<'channel' | 'operation' | 'outcome'>;
  readonly callbacks: Counter<'channel' | 'result'>;
  readonly notifications: Counter<'result'>;
  readonly exceptions: Counter<'kind'>;
  readonly jobs_run: Counter<'kind'>;
  readonly jobs_failed: Counter<'kind'>;
  readonly shed: Counter;
  readonly open_exceptions: Gauge;
  readonly job_lag_seconds: Gauge<'kind'>;
  readonly circuits: Gauge<'account'>;
  readonly limited: Counter<'by'>;
  readonly bank_numbers_free: Gauge<'account'>;
  readonly bank_entries: Counter<'account' | 'result'>;
  close(): void;
}

const BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

const DELAY_RESOLUTION_MS = 5;

/** One registry a gateway, so that several run in one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delay.enable();
  const event_loop = new Gauge({
    name: 'heliu_event_loop_delay_max_seconds',
    help: 'The longest the event loop was blocked since the last scrape',
    registers,
    collect() {
      // The histogram counts its own pause between two looks as delay.
      this.set(Math.max(0, delay.max / 1e9 - DELAY_RESOLUTION_MS / 1e3));
      delay.reset();
    },
  });
  const memory = new Gauge({
    name: 'heliu_resident_memory_bytes',
    help: 'Resident memory of this process',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  void event_loop;
  void memory;
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
    new Counter({ name: `heliu_${name}`, help, labelNames, registers });
  return {
    registry,
    requests: counter('requests_total', 'Requests answered, by endpoint and code', ['endpoint', 'code']),
    request_seconds: new Histogram({
      name: 'heliu_request_seconds',
      help: 'Time from the request read to its answer',
      labelNames: ['endpoint'],
      buckets: BUCKETS,
      registers,
    }),
    channel_calls: counter('channel_calls_total', 'Calls to channels, by outcome', ['channel', 'operation', 'outcome']),
    callbacks: counter('channel_callbacks_total', 'Callbacks from channels, by result', ['channel', 'result']),
    notifications: counter('notification_attempts_total', 'Attempts to notify merchants, by result', ['result']),
    exceptions: counter('exceptions_total', 'Matters put before a person, by kind', ['kind']),
    jobs_run: counter('jobs_run_total', 'Jobs run, by kind', ['kind']),
    jobs_failed: counter('jobs_failed_total', 'Jobs that failed and will run again, by kind', ['kind']),
    shed: new Counter({
      name: 'heliu_requests_shed_total',
      help: 'Requests answered 503 to keep the others fast',
      registers,
    }),
    open_exceptions: new Gauge({
      name: 'heliu_exceptions_open',
      help: 'Open matters in the exceptions queue (at most 1000)',
      registers,
    }),
    job_lag_seconds: new Gauge({
      name: 'heliu_job_lag_seconds',
      help: 'How late the oldest job is',
      labelNames: ['kind'],
      registers,
    }),
    circuits: new Gauge({
      name: 'heliu_channel_circuit',
      help: 'Circuit of a channel account as this node sees it: 0 closed, 1 half open, 2 open',
      labelNames: ['account'],
      registers,
    }),
    ...bankMetrics(registers),
    limited: counter('requests_limited_total', 'Requests answered 429, by what was exceeded', ['by']),
    close: () => delay.disable(),
  };
}

function bankMetrics(registers: Registry[]): Pick<Metrics, 'bank_numbers_free' | 'bank_entries'> {
  return {
    bank_numbers_free: new Gauge({
      name: 'heliu_bank_numbers_free',
      help: 'Free account numbers of a pool, counted up to a little above what counts as few',
      labelNames: ['account'],
      registers,
    }),
    bank_entries: new Counter({
      name: 'heliu_bank_entries_total',
      help: 'Entries heard from banks, by what became of them',
      labelNames: ['account', 'result'],
      registers,
    }),
  };
}
