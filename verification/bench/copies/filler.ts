import type { Bench } from '../bench.ts';
import type { BenchGateway } from '../gateway-program.ts';
import { makeSamples } from './samples.ts';
import { readTemplates } from './templates.ts';
import type { Columns, OrderTemplate } from './templates.ts';

/** What is copied: the rows of the sample orders, read once. */
export interface Originals {
  readonly columns: Columns;
  readonly templates: readonly OrderTemplate[];
}

/** Has the gateway make the sample orders, and reads what it wrote. */
export async function makeOriginals(bench: Bench, gateway: BenchGateway): Promise<Originals> {
  const { database_url, orders } = await makeSamples(bench, gateway);
  return readTemplates(database_url, orders);
}
