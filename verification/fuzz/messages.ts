/** Messages with headers as one input: lines `name: value`, an empty line, the body. */

export interface Message {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function writeMessage({ headers, body }: Message): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
  return Buffer.concat([Buffer.from(`${lines.join('')}\n`), body]);
}

/** Whatever the input is, it is read as some message; of a repeated header the last counts. */
export function readMessage(input: Buffer): Message {
  const end = input.indexOf('\n\n');
  const head = input.subarray(0, end < 0 ? input.length : end).toString('latin1');
  const pairs = head.split('\n').map((line) => {
    const colon = line.indexOf(': ');
    return colon < 0 ? [line.toLowerCase(), ''] : [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
  });
  return {
    headers: Object.fromEntries(pairs) as Record<string, string>,
    body: end < 0 ? Buffer.alloc(0) : input.subarray(end + 2),
  };
}
