import { alipaycertDownload } from './alipaycert-download.ts';
import { close } from './close.ts';
import type { AlipayMethod } from './method.ts';
import { precreate } from './precreate.ts';
import { query } from './query.ts';
import { refundQuery } from './refund-query.ts';
import { refund } from './refund.ts';

/** Every method the gateway knows, by name; any other is isv.invalid-method. */
export const methods: ReadonlyMap<string, AlipayMethod> = new Map(
  [precreate, query, close, refund, refundQuery, alipaycertDownload].map((method) => [method.name, method]),
);
