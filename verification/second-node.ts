/** Another gateway process on the database of a world: the same code in the same process of Node, sharing nothing but PostgreSQL. */
import { startGateway, type RunningGateway } from '../gateway/src/main.ts';
import { freePort } from './bench/free-port.ts';
import { MerchantClient } from './merchant.ts';
import type { World } from './world.ts';

export interface SecondNode {
  readonly gateway: RunningGateway;
  /** The same merchant, calling each of the two. */
  readonly nodes: readonly [MerchantClient, MerchantClient];
}

/** Starts it and waits until it serves. The caller closes the gateway before the world. */
export async function startSecondNode(world: World): Promise<SecondNode> {
  const gateway = await startGateway({ ...world.config, port: await freePort() }, world.database_url);
  await gateway.ready;
  const second = new MerchantClient(gateway.url, world.platform_public_key, world.merchant.merchant);
  return { gateway, nodes: [world.merchant, second] };
}
