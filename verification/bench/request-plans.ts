import { randomBytes } from 'node:crypto';
import { createGuardedClient } from '../../gateway/src/notifications/guarded-client.ts';
import { assemble, createLog } from '../../gateway/src/main.ts';
import type { Assembled } from '../../gateway/src/main.ts';
import { systemPorts } from '../../gateway/src/outbound/system-ports.ts';
import { openDatabase } from '../../gateway/src/storage/database.ts';
import type { Database, Statement } from '../../gateway/src/storage/database.ts';
import { explaining, indexesUsed, mostRowsRead, planIn, tablesReadWhole } from '../plans.ts';
import type { Explained, Plan } from '../plans.ts';
import type { Bench } from './bench.ts';
import { freePort } from './free-port.ts';
import type { BenchGateway } from './gateway-program.ts';
import { MerchantCalls, sendCall } from './merchant-calls.ts';
import { wechatScan } from './pay-types.ts';

/**
 * How PostgreSQL runs the statements of requests and claims. The gateway is put together in this process over a database
 * that explains each statement, with the values it is given, before it runs it; then requests come by HTTP.
 */

export interface StatementPlan {
  readonly statement: string;
  readonly indexes: readonly string[];
  /** As run, and as planned for any values. */
  readonly read_whole: readonly string[];
  readonly most_rows_read: number;
}

/** A node's own connections may plan differently; these have the gateway's settings. */
interface Recorder {
  readonly database: Database;
  /** With those for any values. */
  finish(): Promise<readonly StatementPlan[]>;
}

/**
 * Uses the gateway on a database and tells how its statements were run.
 *
 * @param paid the number of a paid order there
 * @param due_ms a time at which jobs are due there
 */
export async function explainRequests(
  bench: Bench,
  gateway: BenchGateway,
  database_url: string,
  paid: string,
  due_ms: number,
): Promise<readonly StatementPlan[]> {
  const recorder = record(database_url);
  const port = await freePort();
  const ports = systemPorts();
  const assembled = assemble({
    ports,
    database: recorder.database,
    relaxed: recorder.database,
    master_key: gateway.master_key,
    notify_http: createGuardedClient({ allow_loopback: true, clock: ports.clock }),
    public_url: `http://127.0.0.1:${port}`,
    log: createLog('silent'),
    role: 'api',
    max_body_bytes: 65_536,
    metrics_token: null,
    max_busy_requests: 16,
    rates: { merchant: 1_000_000, address: 1_000_000 },
    trusted_proxies: [],
    poll_ms: { jobs: 1_000, configuration: 1_000 },
  });
  try {
    await assembled.open();
    await assembled.app.listen({ host: '127.0.0.1', port });
    await useRequests(bench, gateway, `http://127.0.0.1:${port}`, paid);
    await useJobs(assembled, gateway, due_ms);
    return await recorder.finish();
  } finally {
    await assembled.close();
    await ports.close();
    await recorder.database.close();
  }
}

async function useRequests(bench: Bench, gateway: BenchGateway, url: string, paid: string): Promise<void> {
  const calls = new MerchantCalls(gateway.merchant);
  await bench.rememberOrders();
  const order = await calls.order(wechatScan());
  await sendCall(url, calls, order);
  const { acknowledged } = await bench.payRemembered();
  if (acknowledged !== 1) throw new Error('the gateway did not take the callback of its order');
  await sendCall(url, calls, await calls.query(order.mch_trade_id));
  await sendCall(url, calls, await calls.refund(order.mch_trade_id));
  await sendCall(url, calls, await calls.refundQuery(order.mch_trade_id));
  await sendCall(url, calls, await calls.query(paid));
  const unpaid = await calls.order(wechatScan());
  await sendCall(url, calls, unpaid);
  // The same number again, and a question that has to go on to the channel.
  await sendCall(url, calls, await calls.order(wechatScan(), unpaid.mch_trade_id));
  await sendCall(url, calls, await calls.query(unpaid.mch_trade_id));
}

async function useJobs({ gateway: { store } }: Assembled, gateway: BenchGateway, due_ms: number): Promise<void> {
  const { merchant_id } = gateway.merchant;
  const [claimed] = await store.jobs.claim('order', due_ms, 30_000, 32);
  if (claimed === undefined) throw new Error('no job is due: there is nothing to see in the plan of a claim');
  await store.orders.byTradeId(claimed.merchant_id, claimed.subject_id);
  await store.jobs.move('order', claimed.merchant_id, claimed.subject_id, due_ms);
  await store.jobs.claim('refund', due_ms, 30_000, 32);
  await store.jobs.claimNotifications(due_ms, 30_000, 128);
  await store.jobs.remove('refund', merchant_id, randomBytes(12).toString('hex'));
  await store.jobs.earliest();
}

function record(database_url: string): Recorder {
  const database = openDatabase({ url: database_url, max_connections: 4 });
  const explainer = openDatabase({ url: database_url, max_connections: 1, statement_timeout_ms: 120_000 });
  const plans = new Map<string, { readonly text: string; readonly ran: Plan }>();
  const explain = async (option: 'ANALYZE' | 'GENERIC_PLAN', text: string, values: readonly unknown[]): Promise<Plan> =>
    planIn(await explainer.query<Explained>({ name: '', text: explaining(option, text) }, values));
  let rehearsals: Promise<unknown> = Promise.resolve();
  /** Run and taken back, one after the other: they share a connection. */
  const rehearse = (text: string, values: readonly unknown[]): Promise<Plan> => {
    const rehearsal = rehearsals.then(async () => {
      await explainer.query({ name: '', text: 'BEGIN' }, []);
      try {
        return await explain('ANALYZE', text, values);
      } finally {
        await explainer.query({ name: '', text: 'ROLLBACK' }, []);
      }
    });
    rehearsals = rehearsal.catch(() => undefined);
    return rehearsal;
  };
  return {
    database: {
      async query<Row>(statement: Statement, values: readonly unknown[]) {
        const ran = await rehearse(statement.text, values);
        // A claim that finds nothing says little: the run that took most rows is kept.
        const before = plans.get(statement.name);
        if (before === undefined || mostRowsRead(ran) >= mostRowsRead(before.ran)) {
          plans.set(statement.name, { text: statement.text, ran });
        }
        return database.query<Row>(statement, values);
      },
      async close() {
        await database.close();
        await explainer.close();
      },
    },
    async finish() {
      await rehearsals;
      const found: StatementPlan[] = [];
      for (const [statement, { text, ran }] of [...plans].toSorted(([left], [right]) => left.localeCompare(right))) {
        const generic = await explain('GENERIC_PLAN', text, []);
        found.push({
          statement,
          indexes: [...new Set([...indexesUsed(ran), ...indexesUsed(generic)])].toSorted(),
          read_whole: [...new Set([...tablesReadWhole(ran), ...tablesReadWhole(generic)])],
          most_rows_read: Math.round(mostRowsRead(ran)),
        });
      }
      return found;
    },
  };
}
