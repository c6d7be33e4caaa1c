/** A bug that is planted on purpose, and who must see it. */
export interface Mutant {
  /** What it breaks, in lower-case words with hyphens; no other has the name. */
  readonly name: string;
  /** The guard that it takes out. */
  readonly guard: string;
  /** The bug that gateways are known to have and that it stands for, by what must not happen. */
  readonly stands_for?: string;
  /** The source file, from the repository's root. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly caught_by: Catcher;
}

/** Who must see a planted bug: exactly one way of looking. */
export type Catcher = { readonly test: NamedTest };

/** A test of the suite. */
export interface NamedTest {
  /** The test file, from the repository's root. */
  readonly file: string;
  /** A piece of its title, or of the title around it, as it stands in the file. Of all tests that have it one must fail. */
  readonly name: string;
  /** Of a test with rows: the piece of a row's title as it is shown. */
  readonly row?: string;
}

/** A planted bug whose text is not in the source exactly once: the source has changed, the mutant has to follow. */
export class StaleMutant extends Error {
  override readonly name = 'StaleMutant';
}

/**
 * The text of a source file with the bug in it.
 * @throws StaleMutant
 */
export function mutate(mutant: Mutant, text: string): string {
  const places = text.split(mutant.find).length - 1;
  if (places !== 1)
    throw new StaleMutant(`the text to find stands in ${mutant.file} ${places === 0 ? 'nowhere' : `${places} times`}`);
  // A function, so that no "$" of the replacement is read as a pattern.
  return text.replace(mutant.find, () => mutant.replace);
}
