/** HTTP clients that are closed when the test that made them ends. */
import { afterEach } from 'vitest';
import { createHttpClient, type ClosableHttpClient, type HttpClientOptions } from '../../src/outbound/http-client.ts';

const clients: ClosableHttpClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((made) => made.close()));
});

export function client(options: HttpClientOptions = {}): ClosableHttpClient {
  const made = createHttpClient(options);
  clients.push(made);
  return made;
}
