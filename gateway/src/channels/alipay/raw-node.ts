/**
 * Finds the members of a JSON object in its text. Alipay signs the node of an answer as it stands in the body, so that the
 * signature can only be checked over the very characters received: parsing and writing the node again would change escapes,
 * spaces or the order of members (vendor page "同步返回验签", opendocs.alipay.com/common/02mse7).
 */

/** Members of an object by name, each value as the exact characters it has in the text. */
export type RawMembers = ReadonlyMap<string, string>;

/** Deeper nesting than any answer of the vendor has; keeps the scan from being an attack on the stack or the clock. */
const MAX_DEPTH = 64;

/**
 * Splits the text of one JSON object into its members.
 * The scan knows strings, escapes and nesting and nothing else; values are not judged here.
 * @returns null when the text is not one object, or when a name occurs twice in it: which of the two the sender meant, and
 *   which of the two another reader would take, cannot be known
 */
export function rawMembers(text: string): RawMembers | null {
  const members = new Map<string, string>();
  let at = skipBlanks(text, 0);
  if (text[at] !== '{') return null;
  at = skipBlanks(text, at + 1);
  if (text[at] === '}') return onlyBlanks(text, at + 1) ? members : null;
  for (;;) {
    const name_end = endOfString(text, at);
    if (name_end < 0) return null;
    const name = decodeName(text.slice(at, name_end));
    const colon = skipBlanks(text, name_end);
    if (name === null || members.has(name) || text[colon] !== ':') return null;
    const start = skipBlanks(text, colon + 1);
    const end = endOfValue(text, start);
    if (end < 0) return null;
    members.set(name, text.slice(start, end));
    at = skipBlanks(text, end);
    if (text[at] === '}') return onlyBlanks(text, at + 1) ? members : null;
    if (text[at] !== ',') return null;
    at = skipBlanks(text, at + 1);
  }
}

/** Index after the value that starts at `start`; -1 when it does not end. */
function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first !== '{' && first !== '[') return endOfLiteral(text, start);
  const open: string[] = [];
  for (let at = start; at < text.length; at += 1) {
    switch (text.charAt(at)) {
      case '"':
        at = endOfString(text, at) - 1;
        if (at < 0) return -1;
        break;
      case '{':
        if (open.push('}') > MAX_DEPTH) return -1;
        break;
      case '[':
        if (open.push(']') > MAX_DEPTH) return -1;
        break;
      case '}':
      case ']':
        if (open.pop() !== text[at]) return -1;
        if (open.length === 0) return at + 1;
    }
  }
  return -1;
}

/** Index after the closing quote of the string that starts at `start`; -1 when there is none. */
function endOfString(text: string, start: number): number {
  if (text[start] !== '"') return -1;
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return -1;
}

/** Numbers, true, false, null: everything up to the next comma, bracket or blank. */
function endOfLiteral(text: string, start: number): number {
  let at = start;
  while (at < text.length && /[\w.+-]/.test(text.charAt(at))) at += 1;
  return at > start ? at : -1;
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return at;
}

function onlyBlanks(text: string, start: number): boolean {
  return skipBlanks(text, start) === text.length;
}

/** Two spellings of one name ("sign" and "\u0073ign") must not pass as two names. */
function decodeName(quoted: string): string | null {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return null;
  }
}
