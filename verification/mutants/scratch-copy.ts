/** A copy of this repository to plant bugs in: nobody ever finds one in the source itself. */
import { cp, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** What is installed, generated or local state. */
const LEFT_OUT = /^(?:node_modules|coverage|dist|\.git|\.heliu.*)$/;

/** The scope of this repository's own packages. */
const OWN_SCOPE = '@heliu';

/**
 * Copies the repository without what is installed. The copy's `node_modules` leads to the packages that are installed here, and
 * its `@heliu/…` to the copy's own folders.
 */
export async function makeScratchCopy(folder: string): Promise<void> {
  await cp(ROOT, folder, { recursive: true, filter: (path) => path === ROOT || !LEFT_OUT.test(basename(path)) });
  const installed = join(ROOT, 'node_modules');
  await mkdir(join(folder, 'node_modules', OWN_SCOPE), { recursive: true });
  for (const name of await readdir(installed)) {
    if (name !== OWN_SCOPE && name !== '.vite')
      await symlink(join(installed, name), join(folder, 'node_modules', name));
  }
  for (const name of await readdir(join(installed, OWN_SCOPE))) {
    const source = relative(ROOT, resolve(installed, OWN_SCOPE, await readlink(join(installed, OWN_SCOPE, name))));
    await symlink(join(folder, source), join(folder, 'node_modules', OWN_SCOPE, name));
  }
}
