import { NoAnswer, type HttpAnswer, type HttpClient, type HttpRequest } from '../ports.ts';
import type { NotSent, Unknown } from './channel.ts';

/** Sends a request: the answer, unread and not believed yet, or what its absence means to every channel. */
export async function send(http: HttpClient, request: HttpRequest): Promise<HttpAnswer | NotSent | Unknown> {
  try {
    return await http.send(request);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { outcome: error.kind === 'not_sent' ? 'not_sent' : 'unknown', reason: error.reason };
  }
}
