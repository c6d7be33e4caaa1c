import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FaultBoard } from '../../src/faults/registry.ts';
import { listen } from '../../src/kernel/http-server.ts';
import { fileJournal } from '../../src/kernel/journal.ts';
import { Ledger } from '../../src/kernel/ledger.ts';
import { nodePorts } from '../../src/kernel/node-ports.ts';
import type { Handler } from '../../src/kernel/ports.ts';
import { parseWechatConfig } from '../../src/wechat/config.ts';
import { createWechatSimulator } from '../../src/wechat/simulator.ts';

/**
 * A simulator in a process of its own, for tests that kill it. Prints its origin once it listens. Takes the folder with
 * config.json and the journal. `POST /test/pay-all` lets the payer pay everything that waits.
 */
const folder = process.argv[2] ?? '';
const ports = nodePorts();
const journal = fileJournal(join(folder, 'journal.jsonl'));
const simulator = createWechatSimulator({
  ports,
  journal,
  faults: new FaultBoard({ ports, journal }),
  ledger: new Ledger(journal),
  config: parseWechatConfig(readFileSync(join(folder, 'config.json'), 'utf8')),
});
simulator.resume();

const handler: Handler = async (request) => {
  if (request.target !== '/test/pay-all') return simulator.handler(request);
  for (const { code } of simulator.pending()) simulator.scan(code, 'pay');
  return { kind: 'answer', delay_ms: 0, answer: { status: 200, headers: {}, body: Buffer.alloc(0) } };
};
const { port } = await listen(handler, { host: '127.0.0.1', port: 0 });
process.stdout.write(`http://127.0.0.1:${port}\n`);
