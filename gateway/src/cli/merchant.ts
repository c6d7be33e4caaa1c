/** `heliu merchant …` */
import { generateKeyPair } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Command, Option } from 'commander';
import { setLogo } from '../operations/merchant-logo.ts';
import { changeMerchant, createMerchant, merchantFields, setPublicKey } from '../operations/merchants.ts';
import type { Merchant } from '../storage/configuration.ts';
import { addCommand, addGroup, DEFAULT_LIMIT, MAX_LIMIT, merchantId, wholeNumber, yesOrNo } from './command.ts';
import { usageError } from './errors.ts';
import { readText, writeNewPrivateFile } from './input.ts';
import { createOutput, type Output } from './output.ts';
import { moreLine, onePage } from './page.ts';
import { routeFields, routeTable } from './route.ts';
import { fieldList, indent, localTime, table } from './text.ts';
import { inWorkplace, requireMerchant } from './workplace.ts';

interface Json {
  readonly json?: boolean;
}

interface Settings {
  readonly name?: string;
  readonly status?: Merchant['status'];
  readonly noncePolicy?: Merchant['nonce_policy'];
  readonly latePayment?: Merchant['late_payment'];
  readonly allowShortKey?: boolean;
  readonly platformSigns?: boolean;
  readonly maxRequests?: number;
}

/** Adds the group to the program. */
export function addMerchantCommands(program: Command): void {
  const merchant = addGroup(program, 'merchant', 'merchants and their keys');
  addCreate(merchant);
  addCommand(merchant, 'list', 'list the merchants, by number', [
    'heliu merchant list',
    'heliu merchant list --after 5399355381712172 --json',
  ])
    .option('--limit <count>', 'how many at most', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--after <merchant_id>', 'go on after this one', merchantId)
    .action(list);
  addCommand(merchant, 'show <merchant_id>', 'show a merchant and its routes', [
    'heliu merchant show 5399355381712172',
  ]).action(show);
  addSet(merchant);
  addCommand(
    merchant,
    'set-key <merchant_id> <file>',
    'store the public key that the merchant gave you (PEM or one line of base64; - reads standard input)',
    [
      'heliu merchant set-key 5399355381712172 merchant_public_key.pem',
      'cat key.txt | heliu merchant set-key 5399355381712172 -',
    ],
  ).action(setKey);
  addCommand(
    merchant,
    'set-logo <merchant_id> [file]',
    'the picture on its payment page: PNG, JPEG or WebP, at most 12 KiB',
    ['heliu merchant set-logo 5399355381712172 logo.png', 'heliu merchant set-logo 5399355381712172 --remove'],
  )
    .option('--remove', 'show the first character of its name instead')
    .action(changeLogo);
  addCommand(
    merchant,
    'rotate <merchant_id>',
    'make a new key pair for a merchant; the old key stops working within a second',
    ['heliu merchant rotate 5399355381712172 --out merchant_private_key.pem'],
  )
    .option('--out <file>', 'write the private key to this new file (0600) instead of printing it once')
    .action(rotate);
}

function addCreate(merchant: Command): void {
  const command = addCommand(merchant, 'create', 'create a merchant', [
    'heliu merchant create --name 普尔商城',
    'heliu merchant create --name 普尔商城 --public-key merchant_public_key.pem --nonce-policy if_present',
    'heliu merchant create --name 普尔一店 --parent 5399355381712172 --platform-signs yes',
  ])
    .requiredOption('--name <text>', 'name of the merchant')
    .option('--id <merchant_id>', '16 digits; made up when absent', merchantId)
    .option('--parent <merchant_id>', 'make it a tenant of this merchant; a platform merchant when absent', merchantId)
    .option('--public-key <file>', 'its public key, PEM or one line of base64; - reads standard input');
  addSettings(command).action(create);
}

function addSet(merchant: Command): void {
  const command = addCommand(merchant, 'set <merchant_id>', 'change a merchant; what is not given stays', [
    'heliu merchant set 5399355381712172 --status suspended',
    'heliu merchant set 5399355381712172 --late-payment accept --allow-short-key yes',
  ])
    .option('--name <text>', 'name of the merchant')
    .addOption(new Option('--status <status>', 'a suspended merchant cannot trade').choices(['active', 'suspended']));
  addSettings(command).action(set);
}

function addSettings(command: Command): Command {
  return command
    .addOption(
      new Option('--nonce-policy <policy>', 'whether a request must carry nonce_str').choices([
        'required',
        'if_present',
      ]),
    )
    .addOption(
      new Option('--late-payment <policy>', 'what becomes of a payment after the order was closed').choices([
        'refund',
        'accept',
      ]),
    )
    .option('--allow-short-key <yes|no>', 'take an RSA key of 1024 bits (old integrations)', yesOrNo)
    .option('--platform-signs <yes|no>', 'a tenant without a key of its own is signed for by its platform', yesOrNo)
    .option('--max-requests <per_second>', 'requests a second that this merchant may send', wholeNumber(1, 1_000_000));
}

async function create(
  options: Settings & Json & { name: string; id?: string; parent?: string; publicKey?: string },
): Promise<void> {
  const public_key = options.publicKey === undefined ? undefined : await readText(options.publicKey, '--public-key');
  await inWorkplace(async (place) => {
    const merchant = await createMerchant(place, {
      merchant_id: options.id,
      parent_id: options.parent,
      name: options.name,
      public_key,
      nonce_policy: options.noncePolicy,
      late_payment: options.latePayment,
      allow_short_key: options.allowShortKey,
      platform_signs: options.platformSigns,
      max_requests_per_second: options.maxRequests,
    });
    const hint = `It has no key yet: heliu merchant set-key ${merchant.merchant_id} <file>, or heliu merchant rotate ${merchant.merchant_id}.`;
    printMerchant(
      createOutput(options),
      merchant,
      `Created merchant ${merchant.merchant_id}.`,
      merchant.public_key === null ? hint : '',
    );
  });
}

async function list(options: Json & { limit: number; after?: string }): Promise<void> {
  await inWorkplace(async ({ store }) => {
    const found = await store.configuration.merchants(options.after ?? '', options.limit + 1);
    const { page, next } = onePage(found, options.limit, (one) => one.merchant_id);
    createOutput(options).result({ merchants: page.map(merchantFields), next_after: next }, () =>
      [
        table(
          ['merchant_id', 'name', 'status', 'key', 'created'],
          page.map((one) => [
            one.merchant_id,
            one.name,
            one.status,
            one.public_key === null ? 'none' : 'stored',
            localTime(one.created_at_ms),
          ]),
        ),
        ...moreLine('--after', next),
      ].join('\n'),
    );
  });
}

async function show(merchant_id: string, options: Json): Promise<void> {
  merchantArgument(merchant_id);
  await inWorkplace(async (place) => {
    const merchant = await requireMerchant(place, merchant_id);
    const routes = await place.store.configuration.routesOf(merchant_id);
    createOutput(options).result({ ...merchantFields(merchant), routes: routes.map(routeFields) }, () =>
      [merchantText(merchant), '', 'Routes', indent(routeTable(routes))].join('\n'),
    );
  });
}

async function set(merchant_id: string, options: Settings & Json): Promise<void> {
  merchantArgument(merchant_id);
  const changes = {
    name: options.name,
    status: options.status,
    nonce_policy: options.noncePolicy,
    late_payment: options.latePayment,
    allow_short_key: options.allowShortKey,
    platform_signs: options.platformSigns,
    max_requests_per_second: options.maxRequests,
  };
  if (Object.values(changes).every((value) => value === undefined)) {
    throw usageError(
      'Nothing to change: give at least one of --name, --status, --nonce-policy, --late-payment, --allow-short-key, --platform-signs, --max-requests.',
    );
  }
  if (options.name?.trim() === '') throw usageError('--name must not be empty.');
  await inWorkplace(async (place) => {
    printMerchant(
      createOutput(options),
      await changeMerchant(place, merchant_id, changes),
      `Changed merchant ${merchant_id}.`,
    );
  });
}

async function setKey(merchant_id: string, file: string, options: Json): Promise<void> {
  merchantArgument(merchant_id);
  const public_key = await readText(file, 'The key file');
  await inWorkplace(async (place) => {
    printMerchant(
      createOutput(options),
      await setPublicKey(place, merchant_id, public_key),
      `Stored the public key of merchant ${merchant_id}.`,
    );
  });
}

async function changeLogo(
  merchant_id: string,
  file: string | undefined,
  options: Json & { remove?: boolean },
): Promise<void> {
  merchantArgument(merchant_id);
  if ((file === undefined) !== (options.remove === true))
    throw usageError('Give either the picture, or --remove to have none.');
  const image = file === undefined ? null : await readPicture(file);
  await inWorkplace(async (place) => {
    await setLogo(place, merchant_id, image);
    const merchant = await requireMerchant(place, merchant_id);
    const done = image === null ? 'Removed the logo' : 'Stored the logo';
    printMerchant(createOutput(options), merchant, `${done} of merchant ${merchant_id}.`);
  });
}

async function readPicture(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw usageError(`The picture ${file} cannot be read (${why}).`);
  }
}

async function rotate(merchant_id: string, options: Json & { out?: string }): Promise<void> {
  merchantArgument(merchant_id);
  await inWorkplace(async (place) => {
    await requireMerchant(place, merchant_id);
    const pair = await promisify(generateKeyPair)('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    // The file first: a stored public key whose private half could not be written would lock the merchant out.
    if (options.out !== undefined) await writeNewPrivateFile(options.out, pair.privateKey, '--out');
    const merchant = await setPublicKey(place, merchant_id, pair.publicKey).catch(async (error: unknown) => {
      if (options.out !== undefined) await rm(options.out, { force: true });
      throw error;
    });
    const private_half =
      options.out === undefined ? { private_key: pair.privateKey } : { private_key_file: options.out };
    createOutput(options).result({ ...merchantFields(merchant), ...private_half }, () =>
      options.out === undefined
        ? `Merchant ${merchant_id} has a new key. The private half, shown this once and stored nowhere:\n${pair.privateKey.trimEnd()}`
        : `Merchant ${merchant_id} has a new key. The private half is in ${options.out} (0600) and stored nowhere else.`,
    );
  });
}

function merchantArgument(text: string): void {
  if (!/^\d{16}$/.test(text)) throw usageError(`<merchant_id> must be 16 digits, and it is "${text.slice(0, 64)}".`);
}

function printMerchant(output: Output, merchant: Merchant, headline: string, hint = ''): void {
  output.result(merchantFields(merchant), () =>
    [headline, merchantText(merchant), ...(hint === '' ? [] : [hint])].join('\n'),
  );
}

function merchantText(merchant: Merchant): string {
  return fieldList([
    ['merchant_id', merchant.merchant_id],
    ['name', merchant.name],
    ['status', merchant.status],
    ['public_key', merchant.public_key === null ? 'none' : merchant.public_key.replaceAll(/-----[^-]+-----|\s/g, '')],
    ['nonce_policy', merchant.nonce_policy],
    ['late_payment', merchant.late_payment],
    ['allow_short_key', merchant.allow_short_key ? 'yes' : 'no'],
    ['created', localTime(merchant.created_at_ms)],
    ['updated', localTime(merchant.updated_at_ms)],
  ]);
}
