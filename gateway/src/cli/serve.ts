/** `heliu serve`: the gateway itself. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Logger } from 'pino';
import { readConfig, type Config } from '../config.ts';
import { startEmbeddedPostgres } from '../embedded/postgres.ts';
import { DATA_FOLDER } from '../embedded/running-server.ts';
import { systemErrorCode } from '../embedded/startup-problem.ts';
import type { RunningGateway } from '../main.ts';
import { signingEnvironment } from '../supervisor/openssl-path.ts';
import { addCommand } from './command.ts';
import { CliError } from './errors.ts';
import { createOutput, type Output } from './output.ts';
import { canReplace, replaceProcess, stopRequested } from './replace-process.ts';

interface ServeOptions {
  readonly role?: Config['role'];
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function addServeCommand(program: Command): void {
  addCommand(
    program,
    'serve',
    'run the gateway in the foreground until Ctrl-C or SIGTERM; without DATABASE_URL on a PostgreSQL of its own',
    ['heliu serve', 'DATABASE_URL=postgres://heliu@db.example.com/heliu PORT=8080 HOST=0.0.0.0 heliu serve --role api'],
  )
    .addOption(
      new Option('--role <role>', 'what this process does (default: HELIU_ROLE, or all)').choices([
        'all',
        'api',
        'worker',
      ]),
    )
    .addHelpText('after', '\nPrints one line when it is ready. The log goes to standard error, one JSON object a line.')
    .action(serve);
}

const PROGRAM = join(import.meta.dirname, '..', 'cli.ts');

async function serve(options: ServeOptions): Promise<void> {
  const read = readConfig(process.env);
  const config: Config = { ...read, role: options.role ?? read.role };
  const signing = await signingEnvironment(config.home, process.env);
  const is_set = Object.entries(signing).every(([name, value]) => process.env[name] === value);
  // What has been set already, by a parent or by ourselves, needs no other process.
  if (!is_set && canReplace()) {
    const compile_cache = process.env['NODE_COMPILE_CACHE'] ?? join(config.home, 'compile-cache');
    replaceProcess([PROGRAM, ...process.argv.slice(2)], { ...signing, NODE_COMPILE_CACHE: compile_cache });
  }
  process.exitCode = await run(config, createOutput(options));
  // A call to a channel that never answers would keep the process for as long as the account's time limit says.
  setTimeout(() => process.exit(), LINGERING_MS).unref();
}

/** What has been written (the log, the last line) is out by then. */
const LINGERING_MS = 100;

/** Where the data are. */
interface ServedDatabase {
  readonly url: string;
  readonly description: string;
  /** Resolves when it has ended by itself; never for one that is not ours. */
  readonly ended: Promise<'database_ended'>;
  stop(): Promise<void>;
}

async function run(config: Config, output: Output): Promise<number> {
  // Loaded here: no other command needs the server, and loading it takes longer than most of them.
  const { createLog, startGateway } = await import('../main.ts');
  const stopped = stopRequested().then(() => 'stop' as const);
  const database = await provideDatabase(config, createLog(config.log_level));
  let gateway: RunningGateway | null = null;
  try {
    gateway = await startGateway(config, database.url).catch((error: unknown) => {
      throw explainListening(error, config);
    });
    const { url, ready } = gateway;
    const first = await Promise.race([ready.then(() => 'ready' as const), stopped, database.ended]);
    if (first === 'ready') announce(output, config, url, database);
    if (first === 'stop') return 0;
    if (first === 'database_ended' || (await Promise.race([stopped, database.ended])) === 'database_ended') {
      throw new CliError(
        'database_ended',
        `The embedded PostgreSQL in ${config.home} has ended. See the log above, and start again.`,
      );
    }
    return 0;
  } finally {
    await gateway?.close();
    await database.stop();
  }
}

function announce(output: Output, config: Config, url: string, database: ServedDatabase): void {
  const ready = { ready: true, url, role: config.role, database: database.description, pid: process.pid };
  // One line in either form: scripts wait for it.
  process.stdout.write(
    output.json
      ? `${JSON.stringify(ready)}\n`
      : `Heliu is ready at ${url} (role ${config.role}, database ${database.description})\n`,
  );
}

async function provideDatabase(config: Config, log: Logger): Promise<ServedDatabase> {
  if (config.database_url !== null) {
    return {
      url: config.database_url,
      description: 'of DATABASE_URL',
      ended: new Promise(() => undefined),
      stop: () => Promise.resolve(),
    };
  }
  const server = await startEmbeddedPostgres({
    data_directory: join(config.home, DATA_FOLDER),
    port: 0,
    log: (line) =>
      /\b(?:WARNING|ERROR|FATAL|PANIC):/.test(line)
        ? log.warn({ postgres: line }, 'database')
        : log.debug({ postgres: line }, 'database'),
  });
  return {
    url: server.url,
    description: `embedded in ${config.home}`,
    ended: server.ended.then(() => 'database_ended' as const),
    stop: () => server.stop(),
  };
}

/** Why the gateway cannot listen, naming the variable to change; any other error as it is. */
function explainListening(error: unknown, { host, port }: Config): unknown {
  switch (systemErrorCode(error)) {
    case 'EADDRINUSE':
      return new CliError(
        'port_in_use',
        `Port ${port} of ${host} is in use. Stop the program that uses it, or set PORT to another.`,
      );
    case 'EACCES':
      return new CliError('port_refused', `This user may not listen on port ${port}. Set PORT to one above 1023.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CliError(
        'host_unknown',
        `${host} is no address of this machine. Set HOST to one, e.g. 127.0.0.1 or 0.0.0.0.`,
      );
    default:
      return error;
  }
}
