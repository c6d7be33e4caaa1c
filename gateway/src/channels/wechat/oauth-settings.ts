/** What 网页授权 needs of an account, whichever protocol it speaks: the payment page inside WeChat is not offered without it. */
import { z } from 'zod';
import { origin } from '../settings.ts';

export const oauthSettings = {
  /** Where a payer's browser is sent to say who is paying. */
  oauth_authorize_url: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .refine((text) => /^https?:\/\/[^?#@]+$/.test(text), 'must not have a query, a fragment or a user name')
    .default('https://open.weixin.qq.com/connect/oauth2/authorize'),
  /** Who tells the payer for a code. */
  oauth_api_url: origin('https://api.weixin.qq.com').default('https://api.weixin.qq.com'),
};

export const oauthSecrets = {
  /** AppSecret of the official account (公众号) that `appid` names. */
  app_secret: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, 'must be the AppSecret of appid')
    .exactOptional(),
};

/** The part of an account that 网页授权 is done with. */
export interface OauthAccount {
  readonly appid: string;
  readonly oauth_authorize_url: string;
  readonly oauth_api_url: string;
  readonly app_secret: string | null;
  readonly timeout_ms: number;
}
