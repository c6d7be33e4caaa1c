/** `heliu user …`: logins of operators and merchants. */
import { type Command, Option } from 'commander';
import { createUser } from '../operations/users.ts';
import { addCommand, addGroup, merchantId } from './command.ts';
import { usageError } from './errors.ts';
import { askSecret, readPasswordFromStandardInput } from './input.ts';
import { createOutput } from './output.ts';
import { inWorkplace } from './workplace.ts';

interface CreateOptions {
  readonly role: 'admin' | 'merchant';
  readonly merchant?: string;
  readonly passwordStdin?: boolean;
  readonly json?: boolean;
}

/** Adds the group to the program. */
export function addUserCommands(program: Command): void {
  const user = addGroup(program, 'user', 'logins of operators and merchants');
  addCommand(
    user,
    'create <login_name>',
    'create a login; without --password-stdin the terminal asks for the password, or one is made and printed once',
    [
      'heliu user create li.na',
      'heliu user create shop01 --role merchant --merchant 5399355381712172',
      'pass show heliu/li.na | heliu user create li.na --password-stdin',
    ],
  )
    .addOption(new Option('--role <role>', 'what the login may do').choices(['admin', 'merchant']).default('admin'))
    .option('--merchant <merchant_id>', 'the one merchant that a login of role merchant manages', merchantId)
    .option('--password-stdin', 'read the password from the first line of standard input')
    .action(create);
}

async function create(login_name: string, options: CreateOptions): Promise<void> {
  if (options.role === 'merchant' && options.merchant === undefined) {
    throw usageError('--role merchant needs --merchant <merchant_id>: the merchant that this login manages.');
  }
  if (options.role === 'admin' && options.merchant !== undefined) {
    throw usageError('--merchant is for --role merchant only: leave it out, or add --role merchant.');
  }
  const output = createOutput(options);
  const given = await readPassword(options);
  await inWorkplace(async (place) => {
    const password = given ?? place.ports.random.bytes(15).toString('base64url');
    const user_id = await createUser(place, {
      login_name,
      password,
      role: options.role,
      merchant_id: options.merchant,
    });
    const user = { user_id, login_name, role: options.role, merchant_id: options.merchant ?? null };
    const generated = given === null ? { password } : {};
    output.result({ ...user, ...generated }, () =>
      [
        `Created login ${login_name} (${options.role}${options.merchant === undefined ? '' : ` of ${options.merchant}`}).`,
        ...(given === null ? [`Password, shown this once: ${password}`] : []),
      ].join('\n'),
    );
  });
}

/** Null: make one up. */
async function readPassword(options: CreateOptions): Promise<string | null> {
  if (options.passwordStdin) return readPasswordFromStandardInput();
  if (options.json || !process.stdin.isTTY || !process.stdout.isTTY) return null;
  const password = await askSecret('Password (empty: one is made): ', process.stdin, process.stdout);
  if (password === '') return null;
  if ((await askSecret('The same again: ', process.stdin, process.stdout)) !== password) {
    throw usageError('The two passwords differ. Run the command again.');
  }
  return password;
}
