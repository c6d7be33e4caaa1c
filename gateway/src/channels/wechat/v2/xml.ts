/**
 * The XML of APIv2: one root with flat members, `<xml><return_code><![CDATA[SUCCESS]]></return_code>…</xml>`. Whatever else XML can
 * be is refused before a parser sees it: document types and entities, which can be made to read files or to grow without bound
 * (the vendor's own warning: wiki/doc/api, chapter=23_5), attributes, comments, processing instructions.
 */
import { XMLParser } from 'fast-xml-parser';

/** The members of a message by name. A Map, for a peer chooses the names. */
export type Fields = ReadonlyMap<string, string>;

/** A message is a few kilobytes; promotion_detail alone may have 6000 characters. */
const MAX_CHARACTERS = 262_144;
/** They are flat: a member that holds others is none that we know. */
const MAX_DEPTH = 4;

/** Text, a tag without attributes, or a CDATA section: no other construct is let through. */
const TOKEN = /[^<]+|<\/([A-Za-z_][\w.-]*)\s*>|<([A-Za-z_][\w.-]*)\s*(\/?)>|<!\[CDATA\[[^]*?\]\]>/y;
const DECLARATION = /^\uFEFF?\s*(?:<\?xml\s[^<>?]{0,200}\?>)?\s*/;

const parser = new XMLParser({
  ignoreAttributes: true,
  // Amounts and numbers stay the text that was signed: "0100" is not 100.
  parseTagValue: false,
  trimValues: false,
  // &#20013; beside the five entities of XML.
  htmlEntities: true,
  maxNestedTags: MAX_DEPTH,
});

/**
 * Reads a message. Members that are not text are left out; which members are known is the caller's business.
 * @param root `xml`, or `root` in the encrypted part of refund callbacks
 * @returns null for anything that is not one well-formed flat element; never throws
 */
export function readXml(text: string, root: 'xml' | 'root' = 'xml'): Fields | null {
  if (text.length > MAX_CHARACTERS) return null;
  const body = text.slice(DECLARATION.exec(text)?.[0].length ?? 0).trimEnd();
  if (!isPlain(body, root)) return null;
  const content = parsed(body, root);
  if (content === null) return null;
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(content)) {
    // The same name twice: it cannot be told which of them is meant.
    if (Array.isArray(value)) return null;
    if (typeof value !== 'string' || name === '#text') continue;
    // No XML may hold a NUL (2.2), and PostgreSQL takes no text with one.
    if (value.includes('\0')) return null;
    fields.set(name, value);
  }
  return fields;
}

/** Whether the text is one element of that name with nothing in it but tags without attributes, text and CDATA sections. */
function isPlain(text: string, root: string): boolean {
  const open: string[] = [];
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    if (token === null || (open.length === 0 && (at > 0 || token[2] !== root))) return false;
    const [, closes, opens, empty] = token;
    if (closes !== undefined && open.pop() !== closes) return false;
    if (opens !== undefined && empty === '') open.push(opens);
  }
  return text !== '' && open.length === 0;
}

function parsed(text: string, root: string): object | null {
  try {
    const document = parser.parse(text) as Readonly<Record<string, unknown>>;
    const content = document[root];
    return typeof content === 'object' && content !== null ? content : null;
  } catch {
    // Names such as __proto__ are refused by the parser.
    return null;
  }
}

/** Writes a message. Every value is a CDATA section, as in the vendor's examples. */
export function writeXml(fields: Readonly<Record<string, string>>): string {
  const members = Object.entries(fields).map(([name, value]) => {
    const content = value.replaceAll(']]>', ']]]]><![CDATA[>');
    return `<${name}><![CDATA[${content}]]></${name}>`;
  });
  return `<xml>${members.join('')}</xml>`;
}

/**
 * Text as it survives the way through an XML reader, so that the signature over it still holds there: line ends are `\n`
 * (XML 1.0, 2.11), and characters that XML cannot carry (2.2) are gone.
 */
export function xmlText(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
}
