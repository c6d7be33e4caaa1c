/** What a command reads: files, standard input, and a password that no terminal shows. */
import { open, readFile, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ReadStream, WriteStream } from 'node:tty';
import { systemErrorCode } from '../embedded/startup-problem.ts';
import { CliError, usageError } from './errors.ts';

const MAX_BYTES = 1_048_576;

/** The text of a file, or of standard input for `-`. `what` names the option for the error. */
export async function readText(path: string, what: string): Promise<string> {
  if (path === '-') return readStandardInput();
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new CliError(
      'file',
      `${what} ${path} cannot be read (${systemErrorCode(error) ?? 'unknown'}). Name a file that this user may read.`,
    );
  });
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new CliError('file', 'Standard input is longer than 1 MiB. Give the right file.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Reads a JSON object. A member `{"file": "key.pem"}` anywhere in it stands for the text of that file, so that a PEM need
 * not be written as one line; a relative path counts from the JSON file's folder.
 */
export async function readJsonObject(path: string, what: string): Promise<Record<string, unknown>> {
  const text = await readText(path, what);
  const folder = path === '-' ? process.cwd() : dirname(resolve(path));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold a key.
    throw new CliError('file', `${what} ${path} is not JSON. See the example in --help.`);
  }
  const filled = await fillFiles(value, folder, what);
  if (!isObject(filled))
    throw new CliError('file', `${what} ${path} must hold a JSON object. See the example in --help.`);
  return filled;
}

async function fillFiles(value: unknown, folder: string, what: string): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((one) => fillFiles(one, folder, what)));
  if (!isObject(value)) return value;
  const { file, ...others } = value;
  if (typeof file === 'string' && Object.keys(others).length === 0) {
    return readText(resolve(folder, file), `the file named in ${what},`);
  }
  const entries = Object.entries(value).map(async ([name, member]) => [name, await fillFiles(member, folder, what)]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, unknown>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first line of standard input. */
export async function readPasswordFromStandardInput(): Promise<string> {
  const password = (await readStandardInput()).split(/\r?\n/, 1)[0] ?? '';
  if (password === '') throw usageError('--password-stdin found no password on standard input. Pipe one line into it.');
  return password;
}

/** Asks on the terminal without showing what is typed. An empty answer is ''. Ctrl-C or Ctrl-D gives up. */
export function askSecret(question: string, input: ReadStream, output: WriteStream): Promise<string> {
  // Before the question, or the terminal itself would show the first letters of a fast answer.
  input.setRawMode(true);
  output.write(question);
  input.setEncoding('utf8');
  input.resume();
  return new Promise((answered, gaveUp) => {
    let typed = '';
    const finish = (settle: () => void): void => {
      input.off('data', read);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      settle();
    };
    const read = (text: string): void => {
      for (const key of text) {
        if (key === '\r' || key === '\n') return finish(() => answered(typed));
        if (key === '\u0003' || key === '\u0004')
          return finish(() => gaveUp(new CliError('given_up', 'Given up; nothing was changed.')));
        if (key === '\u007f' || key === '\b') typed = Array.from(typed).slice(0, -1).join('');
        else if (key >= ' ') typed += key;
      }
    };
    input.on('data', read);
  });
}

/** Writes a new file that only its owner reads (0600). Never overwrites: what is there may be the only copy of a key. */
export async function writeNewPrivateFile(path: string, text: string, what: string): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    const code = systemErrorCode(error);
    const reason = code === 'EEXIST' ? 'exists already' : `cannot be written (${code ?? 'unknown'})`;
    throw new CliError('file', `${what} ${path} ${reason}. Name a new file in a folder of yours.`);
  });
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw new CliError(
      'file',
      `${what} ${path} cannot be written (${systemErrorCode(error) ?? 'unknown'}). Name a file on another disk.`,
    );
  } finally {
    await file.close();
  }
}
