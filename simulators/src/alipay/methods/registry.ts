import { alipaycertDownload } from './alipaycert-download.ts';
import { cancel } from './cancel.ts';
import { close } from './close.ts';
import { create } from './create.ts';
import type { AlipayMethod } from './method.ts';
import { oauthToken } from './oauth-token.ts';
import { pay } from './pay.ts';
import { precreate } from './precreate.ts';
import { query } from './query.ts';
import { refundQuery } from './refund-query.ts';
import { refund } from './refund.ts';

/** Every method the gateway answers by a signed node, by name. */
export const methods: ReadonlyMap<string, AlipayMethod> = new Map(
  [pay, precreate, create, query, close, cancel, refund, refundQuery, oauthToken, alipaycertDownload].map((method) => [
    method.name,
    method,
  ]),
);
