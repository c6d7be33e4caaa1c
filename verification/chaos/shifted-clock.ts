/**
 * Loaded into a gateway before its own code (`node --import`): on SIGUSR2 the wall clock of this process jumps by as many
 * milliseconds as the file named in CHAOS_CLOCK_FILE says. The monotonic clock and timers go on as they do when a real clock is
 * set.
 */
import { readFileSync } from 'node:fs';

const file = process.env['CHAOS_CLOCK_FILE'] ?? '';
const now = Date.now.bind(Date);
let offset_ms = 0;

process.on('SIGUSR2', () => {
  offset_ms = Number(readFileSync(file, 'utf8'));
});

Date.now = () => now() + offset_ms;
globalThis.Date = new Proxy(Date, {
  construct: (target, given: unknown[], made) =>
    Reflect.construct(target, given.length === 0 ? [Date.now()] : given, made) as Date,
});
