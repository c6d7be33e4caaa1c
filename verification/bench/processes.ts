import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** What Linux tells about process trees: CPU time used and the highest resident memory (proc(5)). */

interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly cpu_ticks: number;
}

/** Unit of /proc/<pid>/stat times; 100 on every Linux in use, but asked all the same. */
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * CPU seconds (user and system) used so far by processes and all that descend from them, ended children included.
 *
 * @param roots process ids; a descendant that is itself listed counts once
 */
export function cpuSeconds(roots: readonly number[]): number {
  const lines = processTable();
  const members = descendants(lines, roots);
  let ticks = 0;
  for (const line of lines) if (members.has(line.pid)) ticks += line.cpu_ticks;
  return ticks / TICKS_PER_SECOND;
}

/** The sum of the highest resident sizes that each live process of the trees has had, in MB (VmHWM). */
export function peakResidentMegabytes(roots: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of descendants(processTable(), roots)) {
    kilobytes += Number(/^VmHWM:\s+(\d+) kB$/m.exec(readProcessFile(pid, 'status') ?? '')?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

/** Every live process below the roots, the roots included. */
export function processTree(roots: readonly number[]): readonly number[] {
  return [...descendants(processTable(), roots)];
}

function processTable(): readonly ProcessLine[] {
  const lines: ProcessLine[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProcessFile(Number(name), 'stat');
    if (stat !== undefined) lines.push(parseStat(Number(name), stat));
  }
  return lines;
}

/** The command name may hold spaces and brackets, so that fields are counted from the last closing bracket. */
function parseStat(pid: number, stat: string): ProcessLine {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  // 4 ppid; 14 utime, 15 stime, 16 cutime, 17 cstime (the last two: children that ended and were waited for).
  return { pid, parent: field(4), cpu_ticks: field(14) + field(15) + field(16) + field(17) };
}

function descendants(lines: readonly ProcessLine[], roots: readonly number[]): ReadonlySet<number> {
  const live = new Set(lines.map((line) => line.pid));
  const members = new Set(roots.filter((pid) => live.has(pid)));
  let before = -1;
  while (members.size !== before) {
    before = members.size;
    for (const line of lines) if (members.has(line.parent)) members.add(line.pid);
  }
  return members;
}

function readProcessFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    // It ended between the listing and the reading.
    return undefined;
  }
}
