/** The whole command line. */
import { Command, CommanderError } from 'commander';
import { addBankCommands } from './bank.ts';
import { addChannelCommands } from './channel.ts';
import { addDoctorCommand } from './doctor.ts';
import { explain } from './errors.ts';
import { addExceptionsCommands } from './exceptions.ts';
import { addMerchantCommands } from './merchant.ts';
import { addMigrateCommand } from './migrate.ts';
import { addNotifyCommands } from './notify.ts';
import { addOrderCommands } from './order.ts';
import { addRouteCommands } from './route.ts';
import { addServeCommand } from './serve.ts';
import { addUserCommands } from './user.ts';

const ENVIRONMENT = `
Environment: HELIU_HOME (default .heliu), DATABASE_URL (absent: the embedded PostgreSQL under HELIU_HOME),
HELIU_MASTER_KEY (absent: the key file there). docs/cli.md describes every command.
Exit codes: 0 done, 1 failed, 2 called wrongly.`;

/** Builds the program; nothing runs yet. */
export function createProgram(): Command {
  const program = new Command('heliu')
    .description('Heliu (合流): unified payment gateway')
    .helpCommand(false)
    .addHelpText('after', ENVIRONMENT)
    .exitOverride();
  addServeCommand(program);
  addMigrateCommand(program);
  addDoctorCommand(program);
  addUserCommands(program);
  addMerchantCommands(program);
  addChannelCommands(program);
  addRouteCommands(program);
  addOrderCommands(program);
  addNotifyCommands(program);
  addExceptionsCommands(program);
  addBankCommands(program);
  return program;
}

/** Help was asked for and printed: no error. */
const HELP_SHOWN = new Set(['commander.helpDisplayed', 'commander.version']);

/**
 * Runs one command line. Sets `process.exitCode`; never throws.
 *
 * @param words what follows `heliu`
 */
export async function run(words: readonly string[]): Promise<void> {
  const json = words.includes('--json');
  const program = createProgram();
  silenceErrors(program, json);
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && HELP_SHOWN.has(error.code)) return;
    const { code, message, exit_code } = explain(error instanceof CommanderError ? withHint(error) : error);
    process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `heliu: ${message}\n`);
    process.exitCode = exit_code;
  }
}

/** Errors are printed by `run` alone; the help of a group that was called without a command goes to people only. */
function silenceErrors(command: Command, json: boolean): void {
  command.configureOutput({ outputError: () => undefined, ...(json && { writeErr: () => undefined }) }).exitOverride();
  for (const child of command.commands) silenceErrors(child, json);
}

function withHint(error: CommanderError): CommanderError {
  const message = error.code === 'commander.help' ? 'name one of its commands' : error.message.replace(/\.?$/, '');
  return new CommanderError(2, error.code, `${message}. See --help`);
}
