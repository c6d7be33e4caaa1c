import { randomBytes } from 'node:crypto';
import { Wechatpay } from 'wechatpay-axios-plugin';
import { serveCommands } from './child.ts';
import { Durations } from './figures.ts';
import type { DurationSummary } from './figures.ts';
import { PARTNER } from './keys.ts';

/** A merchant that calls WeChat Pay itself, through the npm client that its developers would take. */

export interface DirectSettings {
  readonly channel_url: string;
  readonly channel_private_key: string;
  readonly wechat_public_key: string;
  readonly wechat_serial: string;
}

export interface DirectLoop {
  readonly rate: number;
  readonly seconds: number;
}

export interface DirectReport extends DurationSummary {
  readonly succeeded: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** What of the client is used here; its own types describe the chain as any path of any property. */
interface NativeEndpoint {
  post(body: unknown): Promise<{ readonly data: { readonly code_url?: unknown } }>;
}

let native: NativeEndpoint | null = null;

function start(settings: DirectSettings): Promise<void> {
  const client = new Wechatpay({
    mchid: PARTNER.sp_mchid,
    serial: PARTNER.merchant_serial,
    privateKey: settings.channel_private_key,
    certs: { [settings.wechat_serial]: settings.wechat_public_key },
    baseURL: settings.channel_url,
  });
  native = client.v3?.pay?.partner?.transactions?.native as unknown as NativeEndpoint;
  return Promise.resolve();
}

async function openLoop(command: DirectLoop): Promise<DirectReport> {
  const endpoint = native;
  if (endpoint === null) throw new Error('the client has not been started');
  const durations = new Durations();
  const errors = new Map<string, number>();
  const call = async (due_ms: number): Promise<void> => {
    try {
      const { data } = await endpoint.post(order());
      if (typeof data.code_url !== 'string') throw new Error('no code_url');
      durations.add(performance.now() - due_ms);
    } catch (problem) {
      const kind = problem instanceof Error ? problem.message : String(problem);
      errors.set(kind, (errors.get(kind) ?? 0) + 1);
    }
  };
  const calls: Promise<void>[] = [];
  const started_ms = performance.now();
  const total = Math.round(command.rate * command.seconds);
  for (let index = 0; index < total; index += 1) {
    const due_ms = started_ms + (index / command.rate) * 1000;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, Math.max(1, due_ms - performance.now()));
    await promise;
    calls.push(call(due_ms));
  }
  await Promise.all(calls);
  return { ...durations.summary(), succeeded: durations.count, errors: Object.fromEntries(errors) };
}

function order(): unknown {
  return {
    sp_appid: PARTNER.sp_appid,
    sp_mchid: PARTNER.sp_mchid,
    sub_mchid: PARTNER.sub_mchid,
    description: 'Alex Test Scan',
    out_trade_no: randomBytes(12).toString('hex'),
    attach: 'Alex attach',
    notify_url: 'https://merchant.example/notify',
    amount: { total: 221, currency: 'CNY' },
    scene_info: { payer_client_ip: '127.0.0.1' },
  };
}

serveCommands({ start, openLoop });
