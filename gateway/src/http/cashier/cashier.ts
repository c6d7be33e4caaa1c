/**
 * The payment page (pay_url) and its steps. A page, a form and a redirect each: everything works before its script has loaded.
 *
 *   GET  /preorder?pay_order_id=…         the page; `ask=1`: the channel is asked first
 *   GET  /preorder/state?pay_order_id=…   what the page would show now, for its script
 *   POST /preorder/pay                    the payer confirms
 *   GET  /preorder/logo/…                 the merchant's picture
 *   GET  /preorder/{wallet}?…             back from the wallet's authorization page
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../../operations/gateway.ts';
import { readLink, type PaymentLink } from '../../operations/payment-links.ts';
import { readSubject, type Subject } from '../../operations/payment-page.ts';
import { RateLimit } from '../rate-limit.ts';
import { sendDocument } from './document.ts';
import { messageHtml } from './faces.ts';
import { mountLogo } from './logo.ts';
import { confirm, comeBack, type Next } from './steps.ts';
import { textsOf, type Texts } from './texts.ts';
import { pageOf, viewOf } from './view.ts';
import { cookieHeader, newCookie, visitorOf, type Visitor } from './visitor.ts';

/** What one link may ask of us in a second, by all who have it: looking, asking the channel, and confirming. */
const RATES = { look: 20, ask: 3, step: 5 } as const;

interface Cashier {
  readonly gateway: Gateway;
  readonly limits: Readonly<Record<keyof typeof RATES, RateLimit>>;
}

/** A request about a link that is ours. */
interface Opened {
  readonly link: PaymentLink;
  readonly visitor: Visitor;
  readonly texts: Texts;
}

type Answering = (opened: Opened, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** Mounts the payment page. */
export function mountCashier(app: FastifyInstance, gateway: Gateway): void {
  const limit = (): RateLimit => new RateLimit(gateway.ports.clock);
  const cashier: Cashier = { gateway, limits: { look: limit(), ask: limit(), step: limit() } };
  mountLogo(app, gateway);
  app.get('/preorder', (request, reply) => answer(cashier, request, reply, 'look', showPage(cashier)));
  app.get('/preorder/state', (request, reply) => sendState(cashier, request, reply));
  app.post('/preorder/pay', (request, reply) => answer(cashier, request, reply, 'step', takeConfirmation(cashier)));
  for (const wallet of ['wechat', 'alipay'] as const) {
    app.get(`/preorder/${wallet}`, (request, reply) =>
      answer(cashier, request, reply, 'step', async (opened) => {
        const query = request.query as Record<string, unknown>;
        const next = await comeBack(gateway, opened.link, opened.visitor, wallet, query);
        return go(cashier, opened, reply, next);
      }),
    );
  }
}

function parameter(request: FastifyRequest, name: string): string {
  const value = (request.query as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}

function formField(request: FastifyRequest, name: string): string {
  return new URLSearchParams(typeof request.body === 'string' ? request.body : '').get(name) ?? '';
}

/** Reads the link, holds it to its rate, and lets nothing that goes wrong look like anything but a page. */
async function answer(
  { gateway, limits }: Cashier,
  request: FastifyRequest,
  reply: FastifyReply,
  kind: 'look' | 'step',
  work: Answering,
): Promise<FastifyReply> {
  const visitor = visitorOf(request);
  const texts = textsOf(visitor.language);
  const given = request.method === 'POST' ? formField(request, 'pay_order_id') : parameter(request, 'pay_order_id');
  const link = readLink(gateway, given);
  if (!link) return sendUnknown(reply, texts);
  const page_url = `/preorder?pay_order_id=${link.pay_order_id}`;
  if (limits[kind].take(link.pay_order_id, RATES[kind]) > 0) {
    gateway.metrics.limited.inc({ by: 'payment_link' });
    return sendTrouble(reply, texts, 429, page_url);
  }
  try {
    return await work({ link, visitor, texts }, request, reply);
  } catch (error) {
    gateway.log.error(
      { err: error, merchant_id: link.merchant_id, subject_id: link.subject_id },
      'payment page failed',
    );
    return sendTrouble(reply, texts, 503, page_url);
  }
}

function showPage({ gateway, limits }: Cashier): Answering {
  return async ({ link, visitor, texts }, request, reply) => {
    const ask = parameter(request, 'ask') === '1' && limits.ask.take(link.pay_order_id, RATES.ask) === 0;
    const subject = await readSubject(gateway, link, ask);
    if (!subject) return sendUnknown(reply, texts);
    withCookie(gateway, visitor, reply);
    return sendDocument(reply, texts, await pageOf(gateway, subject, visitor));
  };
}

/** Every visitor gets one before anything is pressed, so that two presses are known to be the same browser's. */
function withCookie(gateway: Gateway, visitor: Visitor, reply: FastifyReply): void {
  if (visitor.cookie !== null) return;
  void reply.header('set-cookie', cookieHeader(newCookie(gateway.ports.random), gateway.public_url));
}

async function sendState(
  { gateway, limits }: Cashier,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const send = (status: number, body: unknown): FastifyReply =>
    reply.code(status).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
  const link = readLink(gateway, parameter(request, 'pay_order_id'));
  if (!link) return send(404, { face: 'unknown' });
  if (limits.look.take(link.pay_order_id, RATES.look) > 0) return send(429, { face: 'limited' });
  const ask = limits.ask.take(link.pay_order_id, RATES.ask) === 0;
  const subject: Subject | null = await readSubject(gateway, link, ask);
  if (!subject) return send(404, { face: 'unknown' });
  const { face, digest } = await viewOf(gateway, subject, visitorOf(request));
  return send(200, { face: face.kind, digest });
}

function takeConfirmation(cashier: Cashier): Answering {
  return async (opened, request, reply) => {
    // Another site's form: it would carry no cookie, but it shall not even end somebody's try.
    const foreign = request.headers['sec-fetch-site'] === 'cross-site';
    const next = foreign
      ? ({ kind: 'page' } as const)
      : await confirm(cashier.gateway, opened.link, opened.visitor, formField(request, 'with'));
    return go(cashier, opened, reply, next);
  };
}

function go({ gateway }: Cashier, { link, texts }: Opened, reply: FastifyReply, next: Next): FastifyReply {
  const page_url = `/preorder?pay_order_id=${link.pay_order_id}`;
  switch (next.kind) {
    case 'page':
      return reply.redirect(page_url, 303);
    case 'wallet':
      // The script opens the wallet once, for whoever has just confirmed.
      return reply.redirect(`${page_url}#pay`, 303);
    case 'authorize':
      if (next.cookie !== null) void reply.header('set-cookie', cookieHeader(next.cookie, gateway.public_url));
      return reply.redirect(next.url, 303);
    case 'not_told': {
      const content = messageHtml(texts, texts.not_told, texts.not_told_help, {
        url: page_url,
        label: texts.try_again,
      });
      return sendDocument(reply, texts, { status: 400, content, data: {}, refresh: null, form_origins: [] });
    }
  }
}

/** The same for a link that never was and one that was made up. */
function sendUnknown(reply: FastifyReply, texts: Texts): FastifyReply {
  const content = messageHtml(texts, texts.unknown, texts.unknown_help, null);
  return sendDocument(reply, texts, { status: 404, content, data: {}, refresh: null, form_origins: [] });
}

function sendTrouble(reply: FastifyReply, texts: Texts, status: 429 | 503, page_url: string): FastifyReply {
  const content = messageHtml(texts, texts.trouble, texts.trouble_help, { url: page_url, label: texts.try_again });
  void reply.header('retry-after', '2');
  return sendDocument(reply, texts, {
    status,
    content,
    data: {},
    refresh: { url: page_url, after_s: 5 },
    form_origins: [],
  });
}
