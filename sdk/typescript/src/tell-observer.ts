/** Calls a function of the merchant's that only looks on. Whether it fails, at once or later, changes nothing. */
export function tellObserver<Told extends readonly unknown[]>(
  observer: ((...told: Told) => unknown) | undefined,
  ...told: Told
): void {
  const tell = async (): Promise<unknown> => observer?.(...told);
  tell().catch(() => undefined);
}
