/** The wallets in which a payment page is opened; each is a channel's. */
export type Wallet = 'wechat' | 'alipay';
