/** Archives of a few text files, the same bytes from the same files: no clock, no user of this machine in them. */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

export interface ArchivedFile {
  /** Relative, with forward slashes; at most 100 bytes. */
  readonly path: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

/** A gzipped tar in the ustar form of POSIX.1-1988. */
export function tarGz(files: readonly ArchivedFile[]): Buffer {
  const blocks = files.flatMap((file) => {
    const padding = Buffer.alloc((512 - (file.content.length % 512)) % 512);
    return [tarHeader(file), file.content, padding];
  });
  const archive = gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]), { level: 9 });
  // The header's tenth byte names the system that packed.
  archive[9] = 0xff;
  return archive;
}

function tarHeader({ path, content, executable }: ArchivedFile): Buffer {
  const header = Buffer.alloc(512);
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is too long a name for this archive`);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(path, 0);
  header.write(octal(executable ? 0o755 : 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** 1 January 1980, the first day that a zip knows. */
const DOS_DATE = 0x21;

/** A zip (PKWARE APPNOTE 4.3), deflated, names in UTF-8. */
export function zip(files: readonly ArchivedFile[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, content, executable } of files) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(content, { level: 9 });
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt16LE(0x0800, 2); // UTF-8
    common.writeUInt16LE(8, 4); // deflate
    common.writeUInt16LE(DOS_DATE, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const body = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, name, packed]);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(((executable ? 0o100755 : 0o100644) << 16) >>> 0, 6);
    entry.writeUInt32LE(offset, 10);
    // Made by Unix, so that the executable bit counts.
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0003'), common, entry, name]));
    bodies.push(body);
    offset += body.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, entries, end]);
}
