/** The request is not even looked at: `return_code` FAIL, unsigned, with `return_msg`. */
export class V2Failure extends Error {
  constructor(return_msg: string) {
    super(return_msg);
    this.name = 'V2Failure';
  }
}
