import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readApi, type OpenApi, type Schema } from '../generate/openapi.ts';
import { writeCodes, writePayTypes, writeTypes } from '../generate/write-types.ts';

const openapi = JSON.parse(await readFile(new URL('../../../openapi.json', import.meta.url), 'utf8')) as OpenApi;

describe('generated types', () => {
  test('have every call and pay type of openapi.json', () => {
    const api = readApi(openapi);
    const text = writePayTypes(api) + writeTypes(api);
    const signed = Object.entries(openapi.paths).filter(([, { post }]) => post?.requestBody?.content['text/plain']);
    expect(signed.length).toBeGreaterThan(3);
    for (const [path] of signed) if (path !== '/v2/pay') expect(text).toContain(`  '${path}': {`);
    for (const key of [...api.calls.keys(), ...api.pay_types.keys()]) expect(text).toContain(`  '${key}': {`);
    for (const { name, code } of openapi['x-codes']) expect(writeCodes(api)).toContain(`  ${name}: ${code},`);
  });

  test('follow openapi.json when it changes', () => {
    const claims: Schema = {
      type: 'object',
      properties: { mch_trade_id: { type: 'string' }, reason: { type: 'string' } },
    };
    const data: Schema = { type: 'object', properties: { closed: { type: 'boolean' } }, required: ['closed'] };
    const close = {
      summary: 'Close',
      requestBody: { content: { 'text/plain': { 'x-claims': claims } } },
      responses: { '200': { content: { 'text/plain': { 'x-payload': { type: 'object', properties: { data } } } } } },
    };
    const later = { ...openapi, paths: { ...openapi.paths, '/v2/pay/close': { post: close } } };
    const text = writeTypes(readApi(later));
    expect(text).toContain('export interface CloseFields {\n  mch_trade_id?: string;\n  reason?: string;\n}');
    expect(text).toContain('export interface CloseData {\n  closed: boolean;\n}');
    expect(text.match(/interface CloseFields/g)).toHaveLength(1);
  });

  test('never ask for a nonce: the SDK makes it', () => {
    const api = readApi(openapi);
    expect(writePayTypes(api) + writeTypes(api)).not.toContain('nonce_str');
  });

  test('are not guessed when openapi.json has an unknown form', () => {
    expect(() => readApi({ ...openapi, paths: {} })).toThrow('no x-claims and x-payload for /v2/pay');
    const odd: Schema = { type: 'object', properties: { a: { type: 'tuple' } } };
    const api = readApi(openapi);
    const calls = new Map(api.calls).set('/v2/pay/odd', { summary: '', fields: odd, data: odd });
    expect(() => writeTypes({ ...api, calls })).toThrow('does not know the schema {"type":"tuple"}');
  });
});
