import type { TestProject } from 'vitest/node';
import { startTemplateServer } from './template-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection URL of the migrated database that `createTestDatabase` clones. */
    template_url: string;
  }
}

/**
 * One real PostgreSQL server for a whole test run, with one migrated template database. Who runs Vitest many times for one
 * test each (mutants/) starts the server once and names its template by HELIU_TEST_TEMPLATE_URL.
 */
export default async function startDatabaseServer(project: TestProject): Promise<() => Promise<void>> {
  const given_url = process.env['HELIU_TEST_TEMPLATE_URL'];
  if (given_url) {
    project.provide('template_url', given_url);
    return () => Promise.resolve();
  }
  const server = await startTemplateServer(() => undefined);
  project.provide('template_url', server.template_url);
  return () => server.stop();
}
