/** A disk for the database alone, small enough to be filled. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, open, rm, statfs, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { processTree } from '../bench/processes.ts';

const run = promisify(execFile);

const DISK_MB = 640;

export interface SmallDisk {
  /** What stands in for a full disk, in words. */
  readonly kind: string;
  /** Nothing more can be written from now on. */
  fill(server_pid: number): Promise<void>;
  free(): Promise<void>;
  /** Takes the disk away; what was on it is gone. */
  remove(): Promise<void>;
}

/**
 * Mounts a file system of its own at `folder`: a loop device, else memory. Who may not mount gets limits on the size of the
 * server's files instead.
 */
export async function makeSmallDisk(folder: string): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  const image = `${folder}.img`;
  const mounts: readonly (readonly [string, () => Promise<unknown>])[] = [
    [`ext4 of ${DISK_MB} MB on a loop device`, () => mountImage(image, folder)],
    [`tmpfs of ${DISK_MB} MB`, () => run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', folder])],
  ];
  for (const [kind, mount] of mounts) {
    const mounted = await mount().then(
      () => true,
      () => false,
    );
    if (!mounted) continue;
    // The database server runs as another user when we are root.
    await chmod(folder, 0o711);
    return mountedDisk(kind, folder, image);
  }
  await rm(image, { force: true });
  return limitedDisk();
}

async function mountImage(image: string, folder: string): Promise<void> {
  const file = await open(image, 'w', 0o600);
  await file.close();
  await truncate(image, DISK_MB * 2 ** 20);
  // Without the share that ext4 keeps for root, who would still be able to write.
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  await run('mount', ['-o', 'loop', image, folder]);
}

function mountedDisk(kind: string, folder: string, image: string): SmallDisk {
  const ballast = join(folder, 'ballast');
  return {
    kind,
    async fill() {
      const file = await open(ballast, 'a');
      try {
        for (const size of [2 ** 20, 4096]) {
          const block = Buffer.alloc(size, 1);
          while ((await statfs(folder)).bfree > 0 && (await written(file.write(block)))) continue;
        }
        await file.datasync().catch(() => undefined);
      } finally {
        await file.close();
      }
    },
    free: () => rm(ballast, { force: true }),
    async remove() {
      await run('umount', [folder]).catch(() => run('umount', ['-l', folder]));
      await rm(image, { force: true });
    },
  };
}

/** Whether there was room. */
function written(writing: Promise<{ bytesWritten: number }>): Promise<boolean> {
  return writing.then(
    ({ bytesWritten }) => bytesWritten > 0,
    () => false,
  );
}

/** Below a segment of the write-ahead log: the next one cannot be made (EFBIG where a full disk says ENOSPC). */
const LARGEST_FILE_BYTES = 2 ** 20;

function limitedDisk(): SmallDisk {
  let limited: readonly number[] = [];
  const limit = async (pids: readonly number[], size: string): Promise<void> => {
    for (const pid of pids) await run('prlimit', ['--pid', String(pid), `--fsize=${size}`]).catch(() => undefined);
  };
  return {
    kind: 'limits on the size of files (no right to mount)',
    async fill(server_pid) {
      limited = processTree([server_pid]);
      await limit(limited, `${LARGEST_FILE_BYTES}:unlimited`);
    },
    free: () => limit(limited, 'unlimited:unlimited'),
    remove: () => Promise.resolve(),
  };
}
