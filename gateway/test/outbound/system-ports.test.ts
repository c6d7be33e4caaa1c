import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { systemPorts, type SystemPorts } from '../../src/outbound/system-ports.ts';

const made: SystemPorts[] = [];
function ports(): SystemPorts {
  const all = systemPorts();
  made.push(all);
  return all;
}
afterEach(async () => {
  await Promise.all(made.splice(0).map((all) => all.close()));
});

describe('signer', () => {
  test('signs with RSASSA-PKCS1-v1_5 and SHA-256 over the UTF-8 of the text', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signature = await ports().signer.signSha256(privateKey, 'POST\n/v3/pay\n合流\n');
    expect(verify('sha256', Buffer.from('POST\n/v3/pay\n合流\n', 'utf8'), publicKey, signature)).toBe(true);
  });

  test('leaves the event loop free and counts what is under way', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { signer } = ports();
    expect(signer.backlog()).toBe(0);
    const signatures = Array.from({ length: 20 }, (_, index) => signer.signSha256(privateKey, String(index)));
    expect(signer.backlog()).toBe(20);
    await Promise.race(signatures);
    expect(signer.backlog()).toBeLessThan(20);
    await Promise.all(signatures);
    expect(signer.backlog()).toBe(0);
  });

  test('refuses a key that cannot sign, and counts nothing for it', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { privateKey: curve_key } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const { signer } = ports();
    for (const key of [createPublicKey(privateKey), curve_key]) {
      await expect(signer.signSha256(key, 'x')).rejects.toThrow(new TypeError('signing needs an RSA private key'));
    }
    expect(signer.backlog()).toBe(0);
  });
});

describe('random', () => {
  test('gives as many bytes as asked, different each time', () => {
    const { random } = ports();
    expect(random.bytes(12)).toHaveLength(12);
    expect(random.bytes(16).equals(random.bytes(16))).toBe(false);
  });
});

describe('clock', () => {
  test('tells the time', () => {
    const before_ms = Date.now();
    const now_ms = ports().clock.now_ms();
    expect(now_ms).toBeGreaterThanOrEqual(before_ms);
    expect(now_ms).toBeLessThanOrEqual(Date.now());
  });

  test('runs a task once and not when it was taken back', async () => {
    const { clock } = ports();
    const ran: string[] = [];
    clock.setTimer(1, () => ran.push('taken back')).cancel();
    clock.setTimer(5, () => ran.push('first'));
    await new Promise<void>((resolve) => clock.setTimer(20, resolve));
    expect(ran).toEqual(['first']);
  });

  test.each([
    ['keeps the process alive for a pending timer', '', 'ran\n'],
    ['does so no longer once the ports are closed', 'await ports.close();', ''],
  ])('%s', (_name, then, expected) => {
    const module_url = new URL('../../src/outbound/system-ports.ts', import.meta.url).href;
    const program = `import { systemPorts } from ${JSON.stringify(module_url)};
      const ports = systemPorts(); ports.clock.setTimer(200, () => console.log('ran')); ${then}`;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect([run.status, run.stdout]).toEqual([0, expected]);
  });
});
