/** Texts and formats of the page, in the language that the server chose. */
const data = JSON.parse(document.getElementById('page-data').textContent);
const language = data.texts.language;

/** A sentence by its key, `{name}` filled in; undefined when there is none of that key. */
export function text(key, values = {}) {
  const sentence = data.texts[key];
  return sentence?.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/** What a fault does, in the language of the page. */
export function faultEffect(kind) {
  return data.faultEffects[kind.name] ?? kind.effect;
}

export function channelName(channel) {
  return text(`channel_${channel}`) ?? channel;
}

/** Fen as yuan with two decimals, without going through a binary fraction. */
export function yuan(fen) {
  const digits = String(fen).padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${whole}.${digits.slice(-2)}`;
}

const clockFormat = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hour12: false });
const momentFormat = new Intl.DateTimeFormat(language, {
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

export const clock = (time_ms) => clockFormat.format(time_ms);
export const moment = (time_ms) => momentFormat.format(time_ms);

/** How long ago, roughly. */
export function ago(time_ms) {
  const seconds = Math.max(0, Math.round((Date.now() - time_ms) / 1000));
  if (seconds < 5) return text('justNow');
  if (seconds < 60) return text('secondsAgo', { count: seconds });
  if (seconds < 3600) return text('minutesAgo', { count: Math.floor(seconds / 60) });
  return text('hoursAgo', { count: Math.floor(seconds / 3600) });
}
