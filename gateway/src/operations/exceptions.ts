/** The queue of what a person must look at: reading one matter and closing it. */
import { ApiError } from '../domain/codes.ts';
import type { StoredException } from '../storage/exceptions.ts';
import type { Gateway } from './gateway.ts';

type Managed = Pick<Gateway, 'ports' | 'store'>;

const MAX_NOTE_LENGTH = 1_000;

/** A matter with the callback's bytes as they came, or null for what had none. Throws 404. */
export async function showException(
  gateway: Pick<Gateway, 'store'>,
  exception_id: string,
): Promise<StoredException & { readonly raw_body: string | null }> {
  const { exceptions } = gateway.store;
  const [exception, raw_body] = await Promise.all([exceptions.byId(exception_id), exceptions.rawBody(exception_id)]);
  if (!exception) throw new ApiError('not_found', `exception ${exception_id} does not exist`);
  return { ...exception, raw_body };
}

/**
 * Closes a matter with a note that says what was done about it. It changes no order and moves no money. Throws 102, 302, 404.
 *
 * @param by who says so, e.g. a login name
 */
export async function resolveException(
  gateway: Managed,
  request: { readonly exception_id: string; readonly note: string; readonly by: string },
): Promise<StoredException> {
  const note = request.note.trim();
  if (note === '') throw new ApiError('malformed_field', 'note must say what was done about it');
  if (note.length > MAX_NOTE_LENGTH)
    throw new ApiError('malformed_field', `note must have at most ${MAX_NOTE_LENGTH} characters`);
  const { exceptions } = gateway.store;
  const resolved = await exceptions.resolve(request.exception_id, note, request.by, gateway.ports.clock.now_ms());
  const exception = await exceptions.byId(request.exception_id);
  if (!exception) throw new ApiError('not_found', `exception ${request.exception_id} does not exist`);
  if (!resolved)
    throw new ApiError(
      'wrong_state',
      `exception ${request.exception_id} was resolved by ${exception.resolved_by} before`,
    );
  return exception;
}
