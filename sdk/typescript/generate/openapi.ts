/** What the generator reads of openapi.json. */

/** A JSON schema, as far as openapi.json uses it. */
export interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

export interface Code {
  readonly name: string;
  readonly code: number;
  readonly meaning: string;
  readonly remedy: string;
}

export interface Operation {
  readonly summary: string;
  readonly fields: Schema;
  readonly data: Schema;
}

/** The merchant API. */
export interface Api {
  /** By pay type. */
  readonly pay_types: ReadonlyMap<string, Operation>;
  /** By path, /v2/pay left out. */
  readonly calls: ReadonlyMap<string, Operation>;
  readonly codes: readonly Code[];
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, { readonly post?: OpenApiOperation }>>;
  readonly 'x-codes': readonly Code[];
}

interface OpenApiOperation {
  readonly tags?: readonly string[];
  readonly summary: string;
  readonly requestBody?: { readonly content: { readonly 'text/plain'?: { readonly 'x-claims'?: Schema } } };
  readonly responses: {
    readonly '200'?: { readonly content: { readonly 'text/plain'?: { readonly 'x-payload'?: Schema } } };
  };
}

/** Reads the merchant API. Throws when openapi.json has another form. */
export function readApi(openapi: OpenApi): Api {
  const operations = new Map<string, Operation>();
  for (const [path, { post }] of Object.entries(openapi.paths)) {
    const fields = post?.requestBody?.content['text/plain']?.['x-claims'];
    const data = post?.responses['200']?.content['text/plain']?.['x-payload']?.properties?.['data'];
    if (post && fields && data) operations.set(path, { summary: post.summary, fields: withoutNonce(fields), data });
  }
  const pay = operations.get('/v2/pay');
  if (!pay) throw new Error('openapi.json has no x-claims and x-payload for /v2/pay');
  operations.delete('/v2/pay');
  return { pay_types: payTypes(pay), calls: operations, codes: openapi['x-codes'] };
}

function payTypes(pay: Operation): Map<string, Operation> {
  const found = new Map<string, Operation>();
  for (const fields of pay.fields.oneOf ?? [pay.fields]) {
    const code = fields.properties?.['pay_type']?.const;
    if (typeof code !== 'string') throw new Error('openapi.json has a pay type without its code');
    const data = (pay.data.oneOf ?? [pay.data]).find(({ title }) => title === code);
    if (!data) throw new Error(`openapi.json has no answer of /v2/pay for "${code}"`);
    found.set(code, { summary: fields.description ?? '', fields: withoutNonce(fields), data });
  }
  return found;
}

/** The SDK makes the nonce itself. */
function withoutNonce(schema: Schema): Schema {
  if (schema.oneOf) return { ...schema, oneOf: schema.oneOf.map(withoutNonce) };
  const { nonce_str: _nonce, ...properties } = schema.properties ?? {};
  return {
    ...schema,
    properties,
    ...(schema.required && { required: schema.required.filter((name) => name !== 'nonce_str') }),
  };
}
