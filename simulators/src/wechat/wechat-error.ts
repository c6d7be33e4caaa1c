export interface WechatErrorOptions {
  readonly detail?: object;
  readonly signed?: boolean;
  readonly v2_code?: string;
}

/** A refusal in upstream's own words: HTTP status and `{"code","message","detail"?}` (doc 4012081709, 错误信息). */
export class WechatError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: object | undefined;
  /** APIv2's name of it, where that is not the same but for the underscores. */
  readonly v2_code: string | undefined;
  /** Upstream leaves answers unsigned when it could not tell who asks (docs 4013053249, 4012081709; seen on 401). */
  readonly signed: boolean;

  constructor(status: number, code: string, message: string, options: WechatErrorOptions = {}) {
    super(message);
    this.name = 'WechatError';
    this.status = status;
    this.code = code;
    this.detail = options.detail;
    this.v2_code = options.v2_code;
    this.signed = options.signed ?? true;
  }
}
