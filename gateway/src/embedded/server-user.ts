import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StartupProblem } from './startup-problem.ts';

/** Whom the PostgreSQL programs run as, and how a command is started as that user. */
export interface ServerUser {
  /** Null: as ourselves. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  /** Put before the command; empty when `ids` alone does it. */
  readonly prefix: readonly string[];
}

/** In order of preference. `nobody` exists on every Linux; initdb needs a user that has a name. */
const USER_NAMES = ['heliu', 'postgres', 'nobody'];

const SETPRIV = '/usr/bin/setpriv';

/** Capabilities by which a user without rights passes folders closed to it, weakest first: name and bit (capability.h). */
const PASSING_CAPABILITIES: readonly (readonly [string, bigint])[] = [
  ['dac_read_search', 2n],
  ['dac_override', 1n],
];

/**
 * PostgreSQL refuses to run as root, so root starts it as an unprivileged user. Where the way to the programs or to the
 * data is closed to that user (a clone under /root), setpriv lends it the one capability to pass closed folders, so that
 * no folder's permissions are changed and the data stays where it was asked for.
 *
 * @param paths everything the server must reach: the programs and the folder that holds the data folder
 * @param data_directory its owner is kept when it exists already
 * @throws StartupProblem when root cannot become another user who reaches them
 */
export async function chooseServerUser(paths: readonly string[], data_directory: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return { ids: null, prefix: [] };
  const ids = (await ownerOf(data_directory)) ?? (await namedUser());
  const closed = await firstClosedFolder(paths, ids);
  if (closed === null) return { ids, prefix: [] };

  const capability = await passingCapability();
  if (capability === null) {
    throw new StartupProblem(
      `PostgreSQL may not run as root, and user ${ids.uid} whom it is to run as cannot reach ${closed}. ` +
        `Allow it by chmod o+x ${closed}, start as an ordinary user, or set DATABASE_URL to a PostgreSQL server.`,
    );
  }
  return {
    ids: null,
    prefix: [
      SETPRIV,
      `--reuid=${ids.uid}`,
      `--regid=${ids.gid}`,
      '--clear-groups',
      // Without it access(2) ignores the capability, and initdb believes that it may not run its neighbour `postgres`.
      '--securebits=+no_setuid_fixup',
      `--inh-caps=-all,+${capability}`,
      `--ambient-caps=+${capability}`,
      `--bounding-set=-all,+${capability}`,
      '--no-new-privs',
    ],
  };
}

/** The ids that must own what the server writes; null when that is ourselves. */
export async function serverOwner(data_directory: string): Promise<{ uid: number; gid: number } | null> {
  if (process.getuid?.() !== 0) return null;
  return (await ownerOf(data_directory)) ?? (await namedUser());
}

async function ownerOf(path: string): Promise<{ uid: number; gid: number } | null> {
  const owner = await stat(path).catch(() => null);
  return owner === null || owner.uid === 0 ? null : { uid: owner.uid, gid: owner.gid };
}

async function namedUser(): Promise<{ uid: number; gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of USER_NAMES) {
    const [, , uid, gid] = lines.find((fields) => fields[0] === name) ?? [];
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new StartupProblem(
    `PostgreSQL may not run as root, and this machine has no user named ${USER_NAMES.join(', ')} to run it as. ` +
      'Add one by useradd --system heliu, or start as an ordinary user.',
  );
}

async function firstClosedFolder(paths: readonly string[], ids: { uid: number; gid: number }): Promise<string | null> {
  for (const path of paths) {
    const folders: string[] = [];
    for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) folders.unshift(folder);
    for (const folder of folders) {
      const found = await stat(folder);
      const bit = found.uid === ids.uid ? 0o100 : found.gid === ids.gid ? 0o010 : 0o001;
      if ((found.mode & bit) === 0) return folder;
    }
  }
  return null;
}

async function passingCapability(): Promise<string | null> {
  const [status, setpriv] = await Promise.all([
    readFile('/proc/self/status', 'utf8').catch(() => ''),
    access(SETPRIV, constants.X_OK).then(
      () => true,
      () => false,
    ),
  ]);
  const held = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  if (!setpriv) return null;
  return PASSING_CAPABILITIES.find(([, bit]) => ((held >> bit) & 1n) === 1n)?.[0] ?? null;
}
