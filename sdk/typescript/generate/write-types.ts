/** Writes TypeScript from schemas. */
import type { Api, Operation, Schema } from './openapi.ts';

const HEAD = `/**
 * The merchant API as types. Generated from openapi.json by \`npm run sdk\`; do not edit. Amounts are whole fen, times Unix
 * seconds.
 */
`;

const STATES = `
/** 支付状态码: 0 paid, 1 paid and refunded in part or whole, 2 and 6 not decided, 3 closed, 4 paid and finished, 5 refused. */
export type TradeState = 0 | 1 | 2 | 3 | 4 | 5 | 6;
export type PayType = keyof PayTypes;
`;

const TRADE_STATES = '[0,1,2,3,4,5,6]';

/** The whole of pay-types.ts. */
export function writePayTypes(api: Api): string {
  const pay_types = [...api.pay_types];
  const fields = commonMembers(pay_types.map(([, operation]) => operation.fields));
  return [
    HEAD + STATES,
    anInterface('CommonPayFields', fields, '统一支付: what every pay type takes'),
    ...pay_types.map(([code, operation]) => payType(code, operation, fields)),
    index(
      'PayTypes',
      'Every pay type: its request fields and the data of its answer.',
      pay_types.map(([code]) => code),
    ),
  ].join('\n');
}

/** The whole of api-types.ts: every call but the order itself. */
export function writeTypes(api: Api): string {
  return [
    `${HEAD}import type { PayType, TradeState } from './pay-types.ts';\n`,
    ...[...api.calls].map(([path, operation]) => call(path, operation, api)),
    index('Calls', 'Every other call.', [...api.calls.keys()]),
  ].join('\n');
}

function payType(code: string, operation: Operation, fields: Schema): string {
  return [
    anInterface(`${nameOf(code)}Fields extends CommonPayFields`, without(operation.fields, fields), operation.summary),
    anInterface(`${nameOf(code)}Data`, operation.data),
  ].join('\n');
}

/** What all of some objects have in the same form. */
function commonMembers(schemas: readonly Schema[]): Schema {
  const [first, ...others] = schemas;
  const same = Object.entries(first?.properties ?? {}).filter(([name, schema]) =>
    others.every(
      (other) =>
        typeText(other.properties?.[name]) === typeText(schema) &&
        other.required?.includes(name) === first?.required?.includes(name),
    ),
  );
  const properties = Object.fromEntries(same);
  return { type: 'object', properties, required: (first?.required ?? []).filter((name) => name in properties) };
}

/** A schema without what only explains it. */
function typeText(schema: Schema | undefined): string {
  const { description: _description, example: _example, ...rest } = schema ?? {};
  return JSON.stringify(rest);
}

function without(schema: Schema, common: Schema): Schema {
  const own = Object.entries(schema.properties ?? {}).filter(([name]) => !(name in (common.properties ?? {})));
  return { properties: Object.fromEntries(own), required: schema.required ?? [] };
}

function call(path: string, operation: Operation, api: Api): string {
  const name = nameOf(path);
  const same = [...api.calls].find(([, other]) => JSON.stringify(other.data) === JSON.stringify(operation.data));
  const first = same === undefined ? name : nameOf(same[0]);
  return [
    anInterface(`${name}Fields`, operation.fields, operation.summary),
    first === name ? anInterface(`${name}Data`, operation.data) : `export type ${name}Data = ${first}Data;\n`,
  ].join('\n');
}

function index(name: string, about: string, keys: readonly string[]): string {
  const lines = keys.map((key) => `  '${key}': { fields: ${nameOf(key)}Fields; data: ${nameOf(key)}Data };`);
  return `/** ${about} */\nexport interface ${name} {\n${lines.join('\n')}\n}\n`;
}

/** The whole of api-codes.ts. */
export function writeCodes(api: Api): string {
  const lines = api.codes.map(({ name, code, meaning, remedy }) => {
    return `${comment(remedy === '' ? meaning : `${meaning}: ${remedy}`, '  ')}  ${name}: ${code},`;
  });
  return `/** Every code, by its name in docs/api.md. */\nexport const CODES = {\n${lines.join('\n')}\n} as const;\n
export type CodeName = keyof typeof CODES;\n`;
}

/** `wechat.scan` → WechatScan, `/v2/pay/refund_query` → RefundQuery. */
function nameOf(key: string): string {
  return key
    .replace('/v2/pay/', '')
    .split(/[._/]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function anInterface(head: string, schema: Schema, about?: string): string {
  return `${comment(about ?? '', '')}export interface ${head} ${anObject(schema, '')}\n`;
}

function describe({ description = '', example }: Schema): string {
  return example === undefined ? description : `${description}, e.g. ${JSON.stringify(example)}`;
}

function comment(text: string, indent: string): string {
  return text === '' ? '' : `${indent}/** ${text.replaceAll('*/', '* /')} */\n`;
}

/** Two members have a type with a name. */
function memberType(name: string, schema: Schema, indent: string): string {
  if (name === 'pay_type' && schema.const === undefined) return 'PayType';
  return JSON.stringify(schema.enum) === TRADE_STATES ? 'TradeState' : typeOf(schema, indent);
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return [...new Set(choices.map((choice) => typeOf(choice, indent)))].join(' | ');
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
      return schema.type;
    case 'array':
      return `${typeOf(schema.items ?? {}, indent)}[]`;
    case 'object':
      return anObject(schema, indent);
    default:
      throw new Error(`the generator does not know the schema ${JSON.stringify(schema)}`);
  }
}

function anObject(schema: Schema, indent: string): string {
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const mark = schema.required?.includes(name) ? '' : '?';
    return `${comment(describe(member), `${indent}  `)}${indent}  ${name}${mark}: ${memberType(name, member, `${indent}  `)};`;
  });
  return `{\n${members.join('\n')}\n${indent}}`;
}

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "\\'")}'`;
  return JSON.stringify(value);
}
