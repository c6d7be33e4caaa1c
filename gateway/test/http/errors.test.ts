import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { ChannelMisconfigured } from '../../src/channels/channel.ts';
import { ApiError } from '../../src/domain/codes.ts';
import { DatabaseUnavailable } from '../../src/domain/unavailable.ts';
import { sendError } from '../../src/http/errors.ts';

/** What a caller hears of an error, and what goes to the log. */
async function told(error: unknown) {
  const logged: unknown[] = [];
  const app = Fastify();
  app.get('/', (_request, reply) => {
    sendError(reply, error, (unexpected) => logged.push(unexpected));
    return reply;
  });
  const { statusCode, body, headers } = await app.inject('/');
  await app.close();
  return { status: statusCode, body, logged, retry_after: headers['retry-after'] };
}

describe('an error', () => {
  const secret = 'password=hunter2 at /srv/heliu/storage.ts';

  test('that nobody expected tells its caller nothing but that the outcome is unknown, and goes to the log', async () => {
    const error = new Error(secret);
    const answer = await told(error);
    expect(answer).toMatchObject({ status: 200, logged: [error] });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 500, msg: expect.stringContaining('系统错误') });
    expect(answer.body).not.toContain('hunter2');
  });

  test.each([
    ['of an account’s settings', new ChannelMisconfigured(secret), 200, 1500],
    ['of the database', new DatabaseUnavailable(secret), 503, 503],
  ])('%s is told in our own words', async (_what, error, status, code) => {
    const answer = await told(error);
    expect(answer).toMatchObject({ status, logged: [] });
    expect(JSON.parse(answer.body)).toMatchObject({ code });
    expect(answer.body).not.toContain('hunter2');
  });

  test('of ours speaks for itself, and says when to come again', async () => {
    const answer = await told(new ApiError('limited', 'so many a second', 7));
    expect(answer).toMatchObject({ status: 429, retry_after: '7', logged: [] });
    expect(answer.body).toContain('so many a second');
  });
});
