import type { Answer } from '../kernel/ports.ts';
import type { AlipayApp } from './config.ts';
import { signRsa2, spoilSignature } from './signing.ts';

/** Members of a response node. Every amount, number and flag is a string on Alipay's wire. */
export type NodeFields = Readonly<Record<string, NodeValue | undefined>>;
export type NodeValue = string | readonly Readonly<Record<string, string>>[];

/** The members a node begins with. */
export interface NodeHead {
  readonly code: string;
  readonly msg: string;
  readonly sub_code?: string;
  readonly sub_msg?: string;
}

export const SUCCESS: NodeHead = { code: '10000', msg: 'Success' };

/** @returns the node's name: alipay.trade.query → alipay_trade_query_response */
export function nodeName(method: string): string {
  return `${method.replaceAll('.', '_')}_response`;
}

/** The node of errors before the method is known. */
export const ERROR_NODE = 'error_response';

/**
 * The gateway's answer: always HTTP 200 and `text/html`, whatever the outcome (observed on openapi.alipay.com, 2026-09).
 * The signature covers the node's text exactly as it stands in the body. In that text slashes are written `\/`, so that
 * parsing and serialising it again gives another text (common/02mse7 warns of it). An app in certificate mode gets
 * alipay_cert_sn right after the node, before sign: the official PHP SDK cuts the node out there (AopCertClient).
 *
 * @param head null for the one method whose success has no code and msg (alipay.system.oauth.token)
 * @param app whose Alipay key signs; absent: unsigned, as for requests whose app is not known
 */
export function gatewayAnswer(
  node: string,
  head: NodeHead | null,
  fields: NodeFields,
  app: AlipayApp | undefined,
  trace_id: string,
): Answer {
  const text = nodeText(head, fields);
  const certificate = app?.serials ? `,"alipay_cert_sn":"${app.serials.alipay_cert_sn}"` : '';
  const sign = app ? `,"sign":"${signRsa2(text, app.alipayPrivateKey)}"` : '';
  return {
    status: 200,
    headers: { 'content-type': 'text/html;charset=utf-8', trace_id },
    body: Buffer.from(`{"${node}":${text}${certificate}${sign}}`, 'utf8'),
  };
}

/** @returns the same answer with a signature that does not verify; an unsigned one unchanged */
export function breakAnswerSignature(answer: Answer): Answer {
  const text = answer.body.toString('utf8');
  const start = text.lastIndexOf('"sign":"');
  if (start < 0) return answer;
  const from = start + '"sign":"'.length;
  const end = text.indexOf('"', from);
  const body = `${text.slice(0, from)}${spoilSignature(text.slice(from, end))}${text.slice(end)}`;
  return { ...answer, body: Buffer.from(body, 'utf8') };
}

function nodeText(head: NodeHead | null, fields: NodeFields): string {
  const sorted = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify({ ...head, ...Object.fromEntries(sorted) }).replaceAll('/', '\\/');
}
