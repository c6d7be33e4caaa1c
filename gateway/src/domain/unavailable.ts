/** The database could not be reached, or the connection went away with the statement's outcome unknown. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}
