import { test, expect } from 'vitest';
import { writeFileSync } from 'node:fs';
import { createTestDatabase } from '../database.ts';
import { createWorld } from '../simulation/world.ts';
import { createWorldKeys } from '../simulation/keys.ts';
import { violations } from '../simulation/invariants.ts';
import { playTwoDays, SLOW_ALIPAY_MS, UNRELIABLE } from '../simulation/two-days.ts';
test('x', async () => {
  const keys = await createWorldKeys();
  const digests = [];
  for (const seed of (process.env.SEEDS ?? '1').split(',')) {
  const db = await createTestDatabase();
  const world = await createWorld({ seed, database_url: db.url, keys, network: UNRELIABLE, clock_offset_ms: { alipay: SLOW_ALIPAY_MS } });
  const t = process.hrtime.bigint();
  try { await playTwoDays(world); } catch (e) { console.log('ERR', seed, e); }
  const v = await violations(world);
  writeFileSync(`/tmp/t2-trace-${seed}-${digests.length}.txt`, world.trace.text());
  const exceptions = await world.raw_database.query({ name: 'x', text: 'select kind, detail, occurrences from exceptions' }, []);
  try { await world.close(); } catch (e) { console.log(e); }
  console.log(seed, v, exceptions, world.scheduler.steps, world.database.statements, world.network.fates(), Number(process.hrtime.bigint() - t) / 1e9, world.trace.digest());
  digests.push(world.trace.digest());
  await db.drop();
  }
}, 1200000);
