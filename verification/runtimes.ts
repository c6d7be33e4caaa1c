/**
 * The languages that the demos are written in. `npm test` installs what is missing from Debian's packages where it may, and
 * says at its end which demos it could not run.
 */
import { spawnSync } from 'node:child_process';

export interface Runtime {
  readonly name: 'java' | 'php' | 'mono' | 'dotnet' | 'shell';
  /** What is run with it. */
  readonly demo: string;
  /** Commands that succeed where it is there. */
  readonly probes: readonly (readonly [string, ...string[]])[];
  /** Debian packages that bring it; none when Debian has none. */
  readonly packages: readonly string[];
}

export const RUNTIMES: readonly Runtime[] = [
  { name: 'java', demo: 'demos/java', probes: [['java', '--version']], packages: ['default-jdk-headless'] },
  {
    name: 'php',
    demo: 'demos/php',
    probes: [['php', '-r', 'exit(extension_loaded("openssl") && extension_loaded("curl") ? 0 : 1);']],
    packages: ['php-cli', 'php-curl'],
  },
  {
    name: 'mono',
    demo: 'demos/csharp under Mono',
    probes: [
      ['mcs', '--version'],
      ['mono', '--version'],
    ],
    packages: ['mono-mcs', 'mono-runtime', 'libmono-system-core4.0-cil'],
  },
  { name: 'dotnet', demo: 'demos/csharp under .NET', probes: [['dotnet', '--version']], packages: [] },
  {
    name: 'shell',
    demo: 'demos/shell',
    probes: [
      ['curl', '--version'],
      ['openssl', 'version'],
      ['perl', '-e', 'use IO::Socket::INET'],
    ],
    packages: ['curl', 'openssl', 'perl'],
  },
];

/** Whether a runtime is on this machine. */
export function isThere({ probes }: Runtime): boolean {
  return probes.every(([program, ...rest]) => spawnSync(program, rest, { stdio: 'ignore' }).status === 0);
}

/** Installs what is missing, where Debian has it and we may. Returns what is missing still. */
export function installRuntimes(): readonly Runtime[] {
  const missing = RUNTIMES.filter((runtime) => !isThere(runtime));
  const packages = missing.flatMap((runtime) => runtime.packages);
  const install = aptGet();
  if (packages.length === 0 || install === null) return missing;
  process.stdout.write(`installing for the demos: ${packages.join(' ')}\n`);
  if (!install('install', '-y', '--no-install-recommends', ...packages)) {
    // A fresh machine has no lists of packages yet, an old one outdated ones.
    if (install('update')) install('install', '-y', '--no-install-recommends', ...packages);
  }
  return missing.filter((runtime) => !isThere(runtime));
}

/** Runs apt-get as root; null where there is none or we are not allowed to. */
function aptGet(): ((...words: readonly string[]) => boolean) | null {
  const is_root = process.getuid?.() === 0;
  const [program, rest] = is_root ? ['apt-get', []] : ['sudo', ['-n', 'apt-get']];
  if (spawnSync(program, [...rest, '--version'], { stdio: 'ignore' }).status !== 0) return null;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return (...words) =>
    spawnSync(program, [...rest, '-q', ...words], { env, stdio: 'ignore', timeout: 600_000 }).status === 0;
}
