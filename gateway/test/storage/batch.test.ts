import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { createBatcher } from '../../src/storage/batch.ts';
import type { BatchOptions } from '../../src/storage/batch.ts';

/** A statement that the test answers by hand. */
interface Call {
  readonly inputs: readonly string[];
  readonly answer: PromiseWithResolvers<readonly string[]>;
}

/** A batcher of words over statements that the test answers; words of one first letter share a key. */
function openBatcher(options: Partial<BatchOptions<string, string>> = {}) {
  const calls: Call[] = [];
  const waiting: (() => void)[] = [];
  const batcher = createBatcher<string, string>({
    max_rows: 3,
    max_in_flight: 2,
    keys: (word) => [word.charAt(0)],
    run(inputs) {
      const call = { inputs, answer: Promise.withResolvers<readonly string[]>() };
      calls.push(call);
      for (const wake of waiting.splice(0)) wake();
      return call.answer.promise;
    },
    ...options,
  });
  /** The statement that is sent as the `number`-th, from 1. */
  async function sent(number: number): Promise<Call> {
    for (;;) {
      const call = calls[number - 1];
      if (call) return call;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }
  const upper = (call: Call): void => call.answer.resolve(call.inputs.map((word) => word.toUpperCase()));
  return { batcher, calls, sent, upper };
}

function sqlError(code: string): DatabaseError {
  return Object.assign(new DatabaseError('refused', 7, 'error'), { code });
}

describe('a batcher', () => {
  test('sends together what was added together, up to its number of rows, and answers each its own', async () => {
    const { batcher, calls, sent, upper } = openBatcher();
    const answers = Promise.all(['a', 'b', 'c', 'd'].map((word) => batcher.add(word)));
    upper(await sent(1));
    upper(await sent(2));
    expect(await answers).toEqual(['A', 'B', 'C', 'D']);
    expect(calls.map((call) => call.inputs)).toEqual([['a', 'b', 'c'], ['d']]);
  });

  test('has at most two statements in flight and sends what has gathered when one is back', async () => {
    const { batcher, calls, sent, upper } = openBatcher();
    const answers = Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((word) => batcher.add(word)));
    const second = await sent(2);
    expect(calls).toHaveLength(2);
    upper(second);
    upper(await sent(3));
    upper(await sent(1));
    expect(await answers).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']);
  });

  test('never lets rows of one key travel in one statement', async () => {
    const { batcher, calls, sent, upper } = openBatcher();
    const answers = Promise.all(['a1', 'a2', 'b'].map((word) => batcher.add(word)));
    upper(await sent(1));
    upper(await sent(2));
    await answers;
    expect(calls.map((call) => call.inputs)).toEqual([['a1', 'b'], ['a2']]);
  });

  test('sends rows one by one after a refusal, so that a bad one harms itself alone', async () => {
    const { batcher, calls, sent, upper } = openBatcher();
    const answers = Promise.allSettled(['a', 'bad', 'c'].map((word) => batcher.add(word)));
    (await sent(1)).answer.reject(sqlError('23514'));
    for (const number of [2, 3, 4]) {
      const call = await sent(number);
      if (call.inputs[0] === 'bad') call.answer.reject(sqlError('23514'));
      else upper(call);
    }
    expect((await answers).map((answer) => (answer.status === 'fulfilled' ? answer.value : 'refused'))).toEqual([
      'A',
      'refused',
      'C',
    ]);
    expect(calls).toHaveLength(4);
  });

  test('sends nothing again when the connection went away: whether it was committed is not known', async () => {
    const { batcher, calls, sent } = openBatcher();
    const lost = new Error('connection lost');
    const answers = Promise.allSettled(['a', 'b'].map((word) => batcher.add(word)));
    (await sent(1)).answer.reject(lost);
    expect(await answers).toEqual([
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
    ]);
    expect(calls).toHaveLength(1);
  });

  test('goes on after a failure', async () => {
    const { batcher, sent, upper } = openBatcher({ max_in_flight: 1 });
    const first = batcher.add('a');
    (await sent(1)).answer.reject(new Error('connection lost'));
    await expect(first).rejects.toThrow('connection lost');
    const second = batcher.add('b');
    upper(await sent(2));
    expect(await second).toBe('B');
  });
});
