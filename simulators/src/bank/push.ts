import type { CallbackTask } from '../kernel/callbacks.ts';
import type { OutgoingRequest, SimulatorPorts } from '../kernel/ports.ts';
import { camt054 } from './camt.ts';
import { chinaDateTime } from './china-time.ts';
import type { BankConfig, BankKeys } from './config.ts';
import type { AccountEntry, PushSettings } from './records.ts';
import { signatureHeaders, spoil } from './signing.ts';

const ANSWER_TIMEOUT_MS = 10_000;

/** What a push is built from. The bytes stay the same over all attempts; only the signature is made anew. */
export interface PushPayload {
  readonly content_type: string;
  readonly body: string;
}

/** The push that tells of an entry. */
export function pushOf(
  entry: AccountEntry,
  settings: PushSettings & { readonly url: string },
  context: {
    readonly ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>;
    readonly config: BankConfig;
    readonly out_trade_no: string;
  },
): CallbackTask {
  const { config, ports } = context;
  const id = `N${ports.randomBytes(10).toString('hex')}`;
  const payload: PushPayload =
    settings.format === 'json'
      ? { content_type: 'application/json; charset=utf-8', body: JSON.stringify({ id, events: [eventOf(entry)] }) }
      : {
          content_type: 'application/xml; charset=utf-8',
          body: camt054(
            {
              version: settings.format === 'camt054.02' ? '02' : '08',
              message_id: id,
              created_at_ms: ports.now(),
              settlement_account: config.settlement_account,
              fund_acc_name: config.fund_acc_name,
            },
            [entry],
          ),
        };
  const event = entry.reversal ? 'REVERSAL' : entry.return_reason === null ? 'CREDIT' : 'RETURNED';
  return { id, out_trade_no: context.out_trade_no, event, url: settings.url, payload };
}

function eventOf(entry: AccountEntry): Record<string, unknown> {
  const { party } = entry;
  const common = {
    reference: entry.reference,
    amount: entry.amount,
    currency: entry.currency,
    booked_at: chinaDateTime(entry.booked_at_ms),
    ...(entry.remittance === null ? {} : { remittance: entry.remittance }),
    ...(entry.end_to_end_id === null ? {} : { end_to_end_id: entry.end_to_end_id }),
  };
  if (entry.return_reason !== null) return { type: 'returned', ...common };
  const named = { ...common, fund_acc: entry.fund_acc };
  if (entry.reversal) return { type: 'reversal', ...named, original_reference: entry.original_reference };
  return {
    type: 'credit',
    ...named,
    ...(party.name === null ? {} : { payer_name: party.name }),
    ...(party.account === null ? {} : { payer_account: party.account }),
    ...(party.bank === null ? {} : { payer_bank: party.bank }),
  };
}

/** Builds one attempt. */
export function pushRequest(
  task: CallbackTask,
  config: BankConfig,
  keys: BankKeys,
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
): OutgoingRequest {
  const { content_type, body } = task.payload as PushPayload;
  const bytes = Buffer.from(body);
  const key = { id: config.bank_key_id, private_key: keys.bank_private_key };
  return {
    method: 'POST',
    url: task.url,
    headers: { 'content-type': content_type, ...signatureHeaders(bytes, key, ports) },
    body: bytes,
    timeout_ms: ANSWER_TIMEOUT_MS,
  };
}

/** @returns the same push with a signature that does not verify */
export function breakPushSignature(request: OutgoingRequest): OutgoingRequest {
  return {
    ...request,
    headers: { ...request.headers, 'bank-signature': spoil(request.headers['bank-signature'] ?? '') },
  };
}
