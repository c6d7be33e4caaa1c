/** Run as a process of its own by postgres.test.ts, to be killed: starts the server on the folder named and keeps it. */
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';

const server = await startEmbeddedPostgres({ data_directory: process.argv[2] ?? '', port: 0, log: () => undefined });
process.stdout.write(`${server.url}\n`);
await server.ended;
