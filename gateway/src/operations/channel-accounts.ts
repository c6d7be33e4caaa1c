import { ChannelMisconfigured } from '../channels/channel.ts';
import { channelByCode, CHANNELS, PAY_TYPES } from '../channels/registry.ts';
import { ApiError } from '../domain/codes.ts';
import type { Gateway } from './gateway.ts';

type Managed = Pick<Gateway, 'ports' | 'store'>;

export interface NewAccount {
  readonly account_id: string;
  readonly channel: string;
  readonly name: string;
  readonly status?: 'active' | 'suspended' | undefined;
  readonly settings: unknown;
  readonly secrets: unknown;
}

const ACCOUNT_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Adds or replaces a channel account. It is opened once before it is stored, so that a wrong key is found now. Throws 102, 107. */
export async function saveChannelAccount(gateway: Managed, request: NewAccount): Promise<void> {
  const channel = channelByCode(request.channel);
  if (!channel)
    throw new ApiError('malformed_field', `channel must be one of ${CHANNELS.map((one) => one.code).join(', ')}`);
  if (!ACCOUNT_ID.test(request.account_id))
    throw new ApiError('malformed_field', 'account_id must be 1–64 lower-case letters, digits or -');
  const settings = parsed(channel.settings.safeParse(request.settings), 'settings');
  const secrets = parsed(channel.secrets.safeParse(request.secrets), 'secrets');
  const account = { account_id: request.account_id, channel: request.channel, settings, secrets };
  try {
    channel.open(account, gateway.ports);
  } catch (error) {
    if (error instanceof ChannelMisconfigured) throw new ApiError('malformed_field', error.message);
    throw error;
  }
  const stored = { ...account, name: request.name, status: request.status ?? 'active' } as const;
  if (!(await gateway.store.configuration.saveAccount(stored, gateway.ports.clock.now_ms()))) {
    throw new ApiError('number_repeated', `account_id ${request.account_id} belongs to an account of another channel`);
  }
}

export interface NewRoute {
  readonly merchant_id: string;
  readonly pay_type: string;
  readonly account_id: string;
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
  readonly merchant_params: unknown;
  readonly enabled?: boolean | undefined;
}

/** Lets a merchant trade a pay type through an account. Throws 102, 200. */
export async function setRoute(gateway: Managed, request: NewRoute): Promise<void> {
  if (!PAY_TYPES.has(request.pay_type))
    throw new ApiError('malformed_field', `pay_type must be one of ${[...PAY_TYPES.keys()].join(', ')}`);
  const [merchant, account] = await Promise.all([
    gateway.store.configuration.merchant(request.merchant_id),
    gateway.store.configuration.account(request.account_id),
  ]);
  if (!merchant) throw new ApiError('no_merchant', 'merchant_id does not exist');
  if (!account)
    throw new ApiError('malformed_field', `account_id ${request.account_id} does not exist: add the account first`);
  const channel = channelByCode(account.channel);
  if (!channel || !channel.pay_types.some((one) => one.code === request.pay_type)) {
    throw new ApiError('malformed_field', `pay_type ${request.pay_type} does not belong to channel ${account.channel}`);
  }
  const priority = request.priority ?? 1;
  if (!Number.isSafeInteger(priority) || priority < 1 || priority > 1000)
    throw new ApiError('malformed_field', 'priority must be 1–1000 (1 is tried first)');
  const weight = request.weight ?? 1;
  if (!Number.isSafeInteger(weight) || weight < 1 || weight > 1000)
    throw new ApiError('malformed_field', 'weight must be 1–1000: the share among routes of the same priority');
  await gateway.store.configuration.saveRoute({
    merchant_id: request.merchant_id,
    pay_type: request.pay_type,
    account_id: request.account_id,
    priority,
    weight,
    merchant_params: parsed(channel.merchant_params.safeParse(request.merchant_params), 'merchant_params'),
    enabled: request.enabled ?? true,
  });
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type Parsed<Value> = { success: true; data: Value } | { success: false; error: { issues: readonly Issue[] } };

/** Names the field and the rule, never the value: it may be a secret. */
function parsed<Value>(result: Parsed<Value>, part: string): Value {
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ApiError(
    'malformed_field',
    `${[part, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'is malformed'}`,
  );
}
