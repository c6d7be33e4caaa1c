import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { BASE_ENV, cliBench, HELIU } from './support.ts';

const bench = cliBench();

/** Types on a terminal of its own (script(1) of util-linux makes one), each answer when its question has come. */
async function typeAt(
  command: string,
  answers: readonly (readonly [question: string, answer: string])[],
): Promise<{ code: number | null; screen: string }> {
  const child = spawn('script', ['-qec', `${process.execPath} ${HELIU} ${command}`, '/dev/null'], {
    env: { ...BASE_ENV, ...bench.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let asked = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const [question, answer] = answers[asked] ?? [];
    if (question === undefined || answer === undefined || !screen.endsWith(question)) return;
    asked += 1;
    child.stdin.write(answer);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, screen };
}

const FIRST = 'Password (empty: one is made): ';
const SECOND = 'The same again: ';

describe('user create on a terminal', () => {
  test('asks twice and shows nothing of what is typed', async () => {
    const typed = await typeAt('user create li.na', [
      [FIRST, 'geheimesX\u007f-wort\r'],
      [SECOND, 'geheimes-wort\r'],
    ]);
    expect(typed).toMatchObject({ code: 0, screen: expect.stringContaining('Created login li.na (admin).') });
    expect(typed.screen).not.toContain('geheim');
    expect(await bench.store.users.byLogin('li.na')).not.toBe(null);
  });

  test('takes nothing when the two differ, or on Ctrl-C', async () => {
    const differ = await typeAt('user create wang', [
      [FIRST, 'geheimes-wort\r'],
      [SECOND, 'geheimes-ward\r'],
    ]);
    expect(differ.code).toBe(2);
    expect(differ.screen).toContain('The two passwords differ. Run the command again.');
    const given_up = await typeAt('user create wang', [[FIRST, 'geh\u0003']]);
    expect(given_up.code).toBe(1);
    expect(given_up.screen).toContain('Given up; nothing was changed.');
    expect(await bench.store.users.byLogin('wang')).toBe(null);
  });

  test('makes one on an empty answer', async () => {
    const made = await typeAt('user create zhao', [[FIRST, '\r']]);
    expect(made.screen).toMatch(/Password, shown this once: [\w-]{20}\r\n/);
  });
});
