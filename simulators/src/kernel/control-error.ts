/** A control or wallet call that cannot be done, with the HTTP status the control API answers. */
export class ControlError extends Error {
  readonly status: number;
  readonly reason: string;

  /**
   * @param status HTTP status of the control API's answer, 400–499
   * @param reason what is wrong, as a sentence for the person who made the call
   */
  constructor(status: number, reason: string) {
    super(reason);
    this.name = 'ControlError';
    this.status = status;
    this.reason = reason;
  }
}
