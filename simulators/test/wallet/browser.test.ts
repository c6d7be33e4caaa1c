import { describe, expect, test } from 'vitest';
import type { ChannelSimulator } from '../../src/kernel/channel-simulator.ts';
import type { Answer, IncomingRequest, OutgoingAnswer, OutgoingRequest } from '../../src/kernel/ports.ts';
import { walletBrowser } from '../../src/wallet/browser.ts';
import { virtualPorts } from '../support/virtual-ports.ts';

const SITE = 'http://127.0.0.1:8080';
const PAGE: OutgoingAnswer = {
  status: 200,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; script-src 'sha256-own'",
    'set-cookie': 'site=1; Path=/',
  },
  body: Buffer.from('<!doctype html><html><head><title>shop</title></head></html>'),
};

/** A wallet's browser before sites that are functions. */
function opened(sites: (request: OutgoingRequest) => OutgoingAnswer = () => PAGE) {
  const sent: OutgoingRequest[] = [];
  const ports = virtualPorts({
    send: (request) => {
      sent.push(request);
      return sites(request);
    },
  });
  const handler = walletBrowser({ channel: 'wechat' } as ChannelSimulator, ports);
  const ask = async (target: string, more: Partial<IncomingRequest> = {}): Promise<Answer> => {
    const headers = { host: '127.0.0.1:9000', cookie: `wallet_browser_target=${encodeURIComponent(SITE)}; mine=1` };
    const reply = await handler({
      method: 'GET',
      target,
      headers,
      body: Buffer.alloc(0),
      peer_address: '127.0.0.1',
      ...more,
    });
    if (reply.kind !== 'answer') throw new Error('no answer');
    return reply.answer;
  };
  return { ask, sent };
}

describe('a wallet’s browser', () => {
  test('calls the site as the wallet’s program, with the site’s cookies alone', async () => {
    const { ask, sent } = opened();
    const page = await ask('/preorder?pay_order_id=1');
    expect(sent[0]).toMatchObject({ method: 'GET', url: `${SITE}/preorder?pay_order_id=1` });
    expect(sent[0]?.headers['user-agent']).toContain('MicroMessenger/');
    expect(sent[0]?.headers['cookie']).toBe('mine=1');
    expect(page.headers['set-cookie']).toBe('site=1; Path=/');
  });

  test('puts its bridge into pages, and into their policy beside what they have', async () => {
    const page = await opened().ask('/');
    expect(page.body.toString()).toMatch(/<head>\n<script>.*WeixinJSBridge/s);
    expect(page.headers['content-security-policy']).toMatch(/script-src 'sha256-[^']+' 'sha256-own'/);
  });

  test('follows redirects to other sites by itself, without the site’s cookies, and comes back', async () => {
    const { ask, sent } = opened((request) => {
      if (request.url === `${SITE}/pay`)
        return { status: 303, headers: { location: 'http://127.0.0.1:8082/authorize' }, body: Buffer.alloc(0) };
      return { status: 302, headers: { location: `${SITE}/back?code=1#pay` }, body: Buffer.alloc(0) };
    });
    const answer = await ask('/pay', { method: 'POST' });
    expect(answer).toMatchObject({ status: 303, headers: { location: '/back?code=1#pay' } });
    expect(sent[1]).toMatchObject({ method: 'GET', headers: { cookie: '' } });
  });

  test('follows no redirect that leaves this machine, at whatever hop, and none that is no address', async () => {
    for (const location of ['http://example.com/', 'https://127.0.0.1/', '//10.0.0.7/', 'http://[']) {
      const { ask, sent } = opened((request) => {
        const next = request.url === `${SITE}/pay` ? 'http://127.0.0.1:8082/authorize' : location;
        return { status: 302, headers: { location: next }, body: Buffer.alloc(0) };
      });
      expect((await ask('/pay')).status).toBe(400);
      expect(sent.map(({ url }) => url)).toEqual([`${SITE}/pay`, 'http://127.0.0.1:8082/authorize']);
    }
  });

  test('takes a redirect to a path as one of the site that says so', async () => {
    const { ask, sent } = opened((request) => {
      const location = new Map([
        [`${SITE}/pay`, 'http://127.0.0.1:8082/authorize'],
        ['http://127.0.0.1:8082/authorize', '/in'],
      ]);
      const next = location.get(request.url);
      return next ? { status: 302, headers: { location: next }, body: Buffer.alloc(0) } : PAGE;
    });
    expect((await ask('/pay')).status).toBe(200);
    expect(sent.at(-1)?.url).toBe('http://127.0.0.1:8082/in');
  });

  test('has nothing open when the cookie that names the site is broken', async () => {
    const { ask, sent } = opened();
    const headers = { host: '127.0.0.1:9000', cookie: 'wallet_browser_target=%E0%A4%A' };
    expect((await ask('/', { headers })).status).toBe(404);
    expect(sent).toEqual([]);
  });

  test.each(['http://example.com/', 'https://127.0.0.1/', 'http://127.0.0.1.example.com/', 'file:///etc/passwd', ''])(
    'opens nothing but this machine: not %j',
    async (url) => {
      const { ask, sent } = opened();
      expect((await ask(`/__wallet/open?url=${encodeURIComponent(url)}`)).status).toBe(400);
      const cookie = `wallet_browser_target=${encodeURIComponent(url)}`;
      expect((await ask('/', { headers: { host: '127.0.0.1:9000', cookie } })).status).toBe(404);
      expect(sent).toEqual([]);
    },
  );

  test.each([
    ['a cookie that cannot be decoded', '/', 'wallet_browser_target=%', 404],
    ['an address that is no path', 'http://[/', `wallet_browser_target=${encodeURIComponent(SITE)}`, 400],
  ])('refuses %s', async (_what, target, cookie, status) => {
    const { ask, sent } = opened();
    expect((await ask(target, { headers: { host: '127.0.0.1:9000', cookie } })).status).toBe(status);
    expect(sent).toEqual([]);
  });

  test('follows nobody who leads nowhere, and leads to no other site by a path', async () => {
    const to = (location: string) => opened(() => ({ ...PAGE, status: 302, headers: { ...PAGE.headers, location } }));
    expect(await to('http://[').ask('/')).toMatchObject({ status: 400 });
    const answer = await to(`${SITE}//example.com/x`).ask('/');
    expect(answer).toMatchObject({ status: 303, headers: { location: '/example.com/x' } });
  });

  test('opens a link by leading to its path, and remembers the site', async () => {
    const answer = await opened().ask(`/__wallet/open?url=${encodeURIComponent(`${SITE}/preorder?pay_order_id=1`)}`);
    expect(answer).toMatchObject({ status: 303, headers: { location: '/preorder?pay_order_id=1' } });
    expect(answer.headers['set-cookie']).toContain(encodeURIComponent(SITE));
  });

  test('answers this machine alone, and no page of another origin', async () => {
    const { ask, sent } = opened();
    expect((await ask('/', { peer_address: '10.0.0.7' })).status).toBe(403);
    expect((await ask('/', { headers: { host: 'rebound.example.com' } })).status).toBe(403);
    const foreign = { host: '127.0.0.1:9000', origin: 'https://evil.example.com' };
    expect((await ask('/__wallet/act', { method: 'POST', headers: foreign })).status).toBe(403);
    expect(sent).toEqual([]);
  });
});
