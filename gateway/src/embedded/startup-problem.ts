/** A reason not to start that a person can act on: the message is one sentence or two, the last one being the remedy. */
export class StartupProblem extends Error {
  override readonly name = 'StartupProblem';
}

/** The `code` of a system error (`ENOENT`, `EACCES` …), or null for anything else. */
export function systemErrorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
