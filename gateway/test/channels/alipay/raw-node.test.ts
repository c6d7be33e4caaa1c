import { describe, expect, test } from 'vitest';
import { rawMembers } from '../../../src/channels/alipay/raw-node.ts';

const members = (text: string) => {
  const found = rawMembers(text);
  return found && Object.fromEntries(found);
};

describe('rawMembers keeps every value as the characters it has', () => {
  test.each([
    ['plain', '{"a":{"code":"10000"},"sign":"x"}', { a: '{"code":"10000"}', sign: '"x"' }],
    ['the signature before the node', '{"sign":"x","a":{"b":1}}', { sign: '"x"', a: '{"b":1}' }],
    ['blanks inside and around', ' {\n "a" :\t{ "b" : 1 } , "c":2 }\r\n', { a: '{ "b" : 1 }', c: '2' }],
    ['braces in strings', '{"a":{"b":"}{][","c":"{"},"d":1}', { a: '{"b":"}{][","c":"{"}', d: '1' }],
    ['escaped quotes in strings', '{"a":{"b":"\\"}\\\\"},"d":1}', { a: '{"b":"\\"}\\\\"}', d: '1' }],
    ['escaped slashes and letters', '{"a":{"u":"https:\\/\\/q\\u0041"}}', { a: '{"u":"https:\\/\\/q\\u0041"}' }],
    ["the node's name inside a string", '{"a":"\\"b\\":{}","b":{}}', { a: '"\\"b\\":{}"', b: '{}' }],
    [
      'lists and literals',
      '{"a":[{"b":[1]}],"t":true,"n":null,"x":-1.5e+3}',
      { a: '[{"b":[1]}]', t: 'true', n: 'null', x: '-1.5e+3' },
    ],
    ['nothing', '{}', {}],
  ])('%s', (_name, text, expected) => {
    expect(members(text)).toEqual(expected);
  });
});

describe('rawMembers answers null', () => {
  test.each([
    ['a name that occurs twice', '{"a":{},"a":{}}'],
    ['a name that occurs twice, once escaped', '{"sign":"x","\\u0073ign":"y"}'],
    ['text after the object', '{"a":1}x'],
    ['two objects', '{"a":1}{"b":2}'],
    ['an object that does not end', '{"a":{"b":1}'],
    ['a string that does not end', '{"a":"b'],
    ['an escape at the end', '{"a":"b\\'],
    ['brackets that do not match', '{"a":[{]}}'],
    ['a missing comma', '{"a":1 "b":2}'],
    ['a comma too many', '{"a":1,}'],
    ['a missing colon', '{"a" 1}'],
    ['a missing value', '{"a":,"b":1}'],
    ['a name without quotes', '{a:1}'],
    ['a list', '[{"a":1}]'],
    ['an HTML page', '<html>502</html>'],
    ['nothing at all', ''],
    ['nesting beyond any answer', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`],
  ])('for %s', (_name, text) => {
    expect(rawMembers(text)).toBeNull();
  });
});
