/**
 * The gateway as a process of the sandbox. It loads while the database starts, serves when its parent has told it the
 * database's URL, says so, and ends on SIGTERM after what it has begun.
 */
import { readConfig } from '../../gateway/src/config.ts';
import { startGateway } from '../../gateway/src/main.ts';

const config = readConfig(process.env);
// end-with-parent.ts made the channel no reason to keep running; until the message has come, it is the only one.
process.channel?.ref();
const { database_url } = await new Promise<{ database_url: string }>((resolve) => {
  process.once('message', (message) => resolve(message as { database_url: string }));
});
process.channel?.unref();
const gateway = await startGateway(config, database_url);
process.once('SIGTERM', () => {
  void gateway.close().then(() => process.exit(0));
});
await gateway.ready;
process.send?.({ ready: true });
