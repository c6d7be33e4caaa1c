import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AUTH_CODE_BEHAVIOURS } from '../../src/control/auth-codes.ts';
import { faults } from '../../src/faults/registry.ts';
import { escapeHtml, scriptSafe } from '../../src/wallet/html.ts';
import { chooseLocale } from '../../src/wallet/locale.ts';
import { renderPage } from '../../src/wallet/page.ts';
import { textsEn } from '../../src/wallet/texts-en.ts';
import { faultEffectsZh, textsZh } from '../../src/wallet/texts-zh.ts';
import { start } from '../control/support.ts';

const ASSETS = join(import.meta.dirname, '../../src/wallet/assets');

test('the page may run and load nothing that is not from its own origin', async () => {
  const simulators = await start();
  const response = await fetch(simulators.addresses.control);
  const policy = response.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  const html = await response.text();
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) expect(address).toMatch(/^[/#](?!\/)/);
});

test('every file that the page names is served with its type', async () => {
  const simulators = await start();
  const html = await (await fetch(simulators.addresses.control)).text();
  const named = [...html.matchAll(/(?:src|href)="(\/wallet\/[^"]*)"/g)].map(([, path]) => path);
  const imported = readdirSync(ASSETS).map((name) => `/wallet/${name}`);
  for (const path of new Set([...named, ...imported])) {
    const response = await fetch(simulators.addresses.control + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^(text\/(javascript|css)|image\/svg\+xml)/);
    expect((await response.text()).length).toBeGreaterThan(100);
  }
});

test('no file outside the folder can be asked for', async () => {
  const simulators = await start();
  for (const path of ['/wallet/../page.ts', '/wallet/%2e%2e/page.ts', '/wallet/', '/wallet/nothing.js', '//page.ts']) {
    expect((await fetch(simulators.addresses.control + path)).status).toBe(404);
  }
});

test.each([
  [null, {}, 'zh'],
  [null, { 'accept-language': 'en-GB,en;q=0.9,zh;q=0.8' }, 'en'],
  [null, { 'accept-language': 'fr,zh-TW;q=0.9,en;q=0.5' }, 'zh'],
  [null, { 'accept-language': 'en;q=0.2, zh-CN;q=0.7' }, 'zh'],
  [null, { 'accept-language': 'en;q=0, fr' }, 'zh'],
  [null, { 'accept-language': 'zh', cookie: 'a=b; heliu_wallet_lang=en' }, 'en'],
  ['zh', { 'accept-language': 'en', cookie: 'heliu_wallet_lang=en' }, 'zh'],
  ['de', { 'accept-language': 'en' }, 'en'],
] as const)('chosen %s with %j gives %s', (chosen, headers, locale) => {
  expect(chooseLocale(chosen, headers)).toBe(locale);
});

test('the language that was switched to is remembered', async () => {
  const simulators = await start();
  const switched = await fetch(`${simulators.addresses.control}/?lang=en`);
  expect(switched.headers.get('set-cookie')).toMatch(/^heliu_wallet_lang=en; .*SameSite=Strict; HttpOnly$/);
  expect(await switched.text()).toContain('<html lang="en">');
  const unasked = await fetch(simulators.addresses.control, { headers: { 'accept-language': 'en' } });
  expect(unasked.headers.get('set-cookie')).toBeNull();
});

test('both languages say the same things with the same values', () => {
  const values = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).toSorted();
  for (const [key, text] of Object.entries(textsZh)) {
    expect(values(textsEn[key as keyof typeof textsEn]), key).toEqual(values(text));
  }
  expect(Object.keys(faultEffectsZh).toSorted()).toEqual(faults.map(({ name }) => name).toSorted());
});

test('the scripts use only texts that exist, and every text is used', () => {
  const scripts = readdirSync(ASSETS)
    .filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(join(ASSETS, name), 'utf8'))
    .join('\n');
  const markup = ['page.ts', 'sections.ts'].map((name) => readFileSync(join(ASSETS, '..', name), 'utf8')).join('\n');
  for (const [, key] of scripts.matchAll(/\btext\('(\w+)'/g)) expect(Object.keys(textsZh)).toContain(key);
  // Keys that the scripts put together from a prefix and a name of the protocol.
  const composed = /^(channel|operation|state|kind|behaviour|behaviourEffect)_/;
  for (const key of Object.keys(textsZh).filter((name) => !composed.test(name))) {
    expect(new RegExp(`'${key}'|\\bt(exts)?\\.${key}\\b`).test(scripts + markup), key).toBe(true);
  }
});

test('no text can end the data that the scripts read', () => {
  for (const locale of ['zh', 'en'] as const) {
    const data = /<script type="application\/json" id="page-data">([^<]*)<\/script>/.exec(renderPage(locale))?.[1];
    expect(JSON.parse(data ?? '')).toMatchObject({ texts: { title: expect.any(String) } });
  }
  expect(scriptSafe(JSON.stringify('</script><b>'))).toBe('"\\u003c/script>\\u003cb>"');
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
});

test('a code is shown as a QR picture, and only a code that fits one', async () => {
  const { addresses } = await start();
  const code = encodeURIComponent('weixin://wxpay/bizpayurl?pr=abc');
  const picture = await fetch(`${addresses.control}/wallet/qr.png?code=${code}`);
  expect(picture.headers.get('content-type')).toBe('image/png');
  expect(
    Buffer.from(await picture.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
  for (const wrong of ['', 'x'.repeat(1025)]) {
    expect((await fetch(`${addresses.control}/wallet/qr.png?code=${wrong}`)).status).toBe(400);
  }
});

test('every behaviour of a payment code has a name and says what a till will see, in both languages', () => {
  for (const texts of [textsZh, textsEn] as Readonly<Record<string, string>>[]) {
    for (const behaviour of AUTH_CODE_BEHAVIOURS) {
      expect(texts[`behaviour_${behaviour}`]).toBeTruthy();
      expect(texts[`behaviourEffect_${behaviour}`]).toBeTruthy();
    }
  }
});
