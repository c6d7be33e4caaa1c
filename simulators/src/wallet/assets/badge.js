import { element } from './dom.js';
import { text } from './page-data.js';

/** The coloured letter that stands for a channel. */
export function channelBadge(channel) {
  const letter = { wechat: text('shortWechat'), alipay: text('shortAlipay') }[channel] ?? channel.slice(0, 1);
  return element('span', { class: 'badge', 'data-channel': channel, 'aria-hidden': 'true' }, letter);
}
