/**
 * What a merchant may give as notify_url. Only the text is judged here; which addresses its host leads to is checked each
 * time a notification is sent (notifications/address-guard.ts).
 */

/** The longest notify_url a merchant may give, in characters. WeChat's own limit for the same field is 256. */
export const NOTIFY_URL_MAX_LENGTH = 256;

/**
 * Ports that no web server of a merchant uses and that other protocols listen on, where the lines of an HTTP request could be
 * taken for commands (SMTP, IMAP, SIP, IRC …). The list of "bad ports" of the Fetch standard, section "Port blocking".
 */
const REFUSED_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** A name of letters, digits, hyphens and underscores, as `URL` writes it: lower case, international names as xn--…. */
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const IPV6_LITERAL = /^\[[0-9a-f:.]+\]$/;

/**
 * Checks a notify_url as a merchant sent it: http or https, without parameters (通知url必须为直接可访问的url，不能携带参数),
 * without user name, at most 256 characters, with a host that can exist.
 *
 * @returns null when it may be used, else the rule it breaks, in words that follow the field's name (code 102).
 */
export function checkNotifyUrl(url: string): string | null {
  if (url.length > NOTIFY_URL_MAX_LENGTH) return `must be at most ${NOTIFY_URL_MAX_LENGTH} characters`;
  // `URL` drops tabs and line breaks and reads a backslash as a slash: what it judged would not be what was given.
  if (/[\s\p{Cc}\\]/u.test(url)) return 'must not contain white space, control characters or backslashes';
  const match = /^https?:\/\/([^/?#]*)/i.exec(url);
  if (!match) return 'must begin with http:// or https://';
  if (url.includes('?')) return 'must not carry a query string';
  if (url.includes('#')) return 'must not carry a fragment';
  if (match[1]?.includes('@')) return 'must not carry a user name or password';
  const parsed = URL.parse(url);
  if (parsed === null) return 'must have a valid host and port';
  return checkTarget(parsed);
}

/**
 * The rules that hold for every URL a notification is sent to, whatever way it came in: scheme, user name, host, port.
 *
 * @returns null when they are kept, else the broken rule in words.
 */
export function checkTarget(url: URL): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password';
  if (url.hostname.endsWith('.')) return 'must have a host that does not end in a dot';
  if (!HOST_NAME.test(url.hostname) && !IPV6_LITERAL.test(url.hostname)) return 'must have a valid host and port';
  if (url.port !== '' && REFUSED_PORTS.has(Number(url.port))) return `must not use port ${url.port}`;
  return null;
}
