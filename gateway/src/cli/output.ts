/** What a command prints: text for people, or with --json one JSON document on standard output and nothing else. */
export interface Output {
  readonly json: boolean;
  /** The command's result, once. */
  result(value: unknown, text: () => string): void;
  /** A line on the way, for people only. */
  progress(line: string): void;
}

/** Output for a command's options. */
export function createOutput(options: { readonly json?: boolean }): Output {
  const json = options.json ?? false;
  return {
    json,
    result: (value, text) => write(json ? JSON.stringify(value, null, 2) : text()),
    progress(line) {
      if (!json) write(line);
    },
  };
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
