import { describe, expect, test } from 'vitest';
import { readXml, writeXml, xmlText } from '../../../src/channels/wechat/v2/xml.ts';

function read(text: string): unknown {
  const fields = readXml(text);
  return fields && Object.fromEntries(fields);
}

describe('reading', () => {
  test.each([
    ['CDATA', '<xml><a><![CDATA[x <b> & y]]></a></xml>', { a: 'x <b> & y' }],
    ['text and entities', '<xml><a>1 &lt; 2 &amp; &#20013;&#x6587;</a></xml>', { a: '1 < 2 & 中文' }],
    ['a declaration and line ends', '<?xml version="1.0" encoding="UTF-8"?>\n<xml>\n<a>1</a>\n</xml>\n', { a: '1' }],
    ['a byte order mark', '\uFEFF<xml><a>1</a></xml>', { a: '1' }],
    ['digits as text', '<xml><a>0100</a><b>1e3</b><c>true</c></xml>', { a: '0100', b: '1e3', c: 'true' }],
    ['blanks within a value', '<xml><a> 1 </a></xml>', { a: ' 1 ' }],
    ['empty members', '<xml><a></a><b/></xml>', { a: '', b: '' }],
    ['text in several parts', '<xml><a>1<![CDATA[2]]>3</a></xml>', { a: '123' }],
    ['a document type in a value', '<xml><a><![CDATA[<!DOCTYPE x>]]></a></xml>', { a: '<!DOCTYPE x>' }],
    ['members that are not text: left out', '<xml><a>1</a><b><c>2</c></b></xml>', { a: '1' }],
    ['indexed members', '<xml><refund_fee_0>1</refund_fee_0><a_0_1>2</a_0_1></xml>', { refund_fee_0: '1', a_0_1: '2' }],
  ])('%s', (_what, text, fields) => {
    expect(read(text)).toEqual(fields);
  });

  const bomb = `<!DOCTYPE xml [<!ENTITY a0 "ha">${Array.from(
    { length: 9 },
    (_, i) => `<!ENTITY a${i + 1} "${`&a${i};`.repeat(10)}">`,
  ).join('')}]><xml><a>&a9;</a></xml>`;

  test.each([
    ['nothing', ''],
    ['no XML', 'OK'],
    ['HTML', '<html><body>502</body></html>'],
    ['another root', '<root><a>1</a></root>'],
    ['an empty root', '<xml/>'],
    ['a root with text alone', '<xml>1</xml>'],
    ['two roots', '<xml><a>1</a></xml><xml><a>2</a></xml>'],
    ['text after the root', '<xml><a>1</a></xml>!'],
    ['a NUL', '<xml><a>1\0</a></xml>'],
    ['a member twice', '<xml><a>1</a><a>2</a></xml>'],
    ['a missing end', '<xml><a>1</a>'],
    ['a missing end of a member', '<xml><a>1</xml>'],
    ['crossed ends', '<xml><a><b>1</a></b></xml>'],
    ['an end too many', '<xml><a>1</a></a></xml>'],
    ['cut within a tag', '<xml><a>1</a'],
    ['cut within CDATA', '<xml><a><![CDATA[1'],
    ['attributes', '<xml><a type="b">1</a></xml>'],
    ['a comment', '<xml><!-- x --><a>1</a></xml>'],
    ['a processing instruction', '<xml><?php x ?><a>1</a></xml>'],
    ['a document type', '<!DOCTYPE xml><xml><a>1</a></xml>'],
    ['an external entity', '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><a>&x;</a></xml>'],
    ['a billion laughs', bomb],
    ['a document type hidden between attributes', '<xml b="<![CDATA["><!DOCTYPE x><c d="]]>">1</c></xml>'],
    ['a document type hidden in the declaration', '<?xml <![CDATA[ ?><!DOCTYPE x><? ]]> ?><xml><a>1</a></xml>'],
    ['members too deep', `<xml>${'<a>'.repeat(5)}1${'</a>'.repeat(5)}</xml>`],
    ['a prototype', '<xml><__proto__><mch_id>1</mch_id></__proto__></xml>'],
    ['a huge message', `<xml><a>${'x'.repeat(262_144)}</a></xml>`],
  ])('%s is not understood', (_what, text) => {
    expect(read(text)).toBeNull();
  });

  test('what is built to be slow is refused at once', () => {
    const started = performance.now();
    for (const text of ['<'.repeat(200_000), `<xml>${'<![CDATA['.repeat(25_000)}`, `<xml><a${' '.repeat(200_000)}`])
      expect(read(text)).toBeNull();
    expect(read(`<xml>${'<a>'.repeat(30_000)}${'</a>'.repeat(30_000)}</xml>`)).toBeNull();
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('writing', () => {
  test('whatever is written is read again', () => {
    const fields = { a: ']]>', b: '<b>&amp;</b>', c: '中文 😀', d: ']]]]>>', e: '' };
    expect(read(writeXml(fields))).toEqual(fields);
  });

  test('text is brought into the form in which an XML reader gives it back', () => {
    expect(xmlText('a\r\nb\rc\u0000\u0007\uFFFF\uD800d\t😀')).toBe('a\nb\ncd\t😀');
  });
});
