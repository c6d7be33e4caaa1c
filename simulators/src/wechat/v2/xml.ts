import { XMLParser } from 'fast-xml-parser';

/** Values stay text, spaces included: signatures cover them as they are. */
const parser = new XMLParser({
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
});

/** The fields of an APIv2 message, without empty ones. */
export type XmlFields = Readonly<Record<string, string>>;

/**
 * Reads `<xml>` with one level of fields. Document types and entities of their own are refused before anything is read:
 * upstream warns of XML external entities (最佳实践, 关于XML解析存在的安全问题指引).
 *
 * @param root name of the outer element
 * @returns undefined when it is anything else
 */
export function parseXml(body: Buffer, root = 'xml'): XmlFields | undefined {
  let text: string;
  let document: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (/<!(DOCTYPE|ENTITY)/i.test(text)) return undefined;
    document = parser.parse(text, true);
  } catch {
    return undefined;
  }
  const content = isObject(document) ? document[root] : undefined;
  if (!isObject(content)) return undefined;
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(content)) {
    // Line breaks between the fields.
    if (name === '#text') continue;
    if (typeof value !== 'string') return undefined;
    if (value !== '') fields[name] = value;
  }
  return fields;
}

/** Writes `<xml>` as upstream does: every value in CDATA, empty ones left out. */
export function buildXml(fields: XmlFields, root = 'xml'): string {
  const lines = Object.entries(fields)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<${name}><![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]></${name}>`);
  return `<${root}>${lines.join('\n')}</${root}>`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
