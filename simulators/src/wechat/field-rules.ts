import { WechatError } from './wechat-error.ts';

/** Where a value came from, as upstream's messages name it. */
export type FieldSource = 'body' | 'query' | 'uri_template';

interface Common {
  /** The field's Chinese name in the document. */
  readonly title: string;
  readonly required?: true;
}

export interface StringRule extends Common {
  readonly kind: 'string';
  readonly min?: number;
  readonly max: number;
  /** What min and max count: characters, or bytes of UTF-8. */
  readonly unit: '字符数' | '字节数';
  readonly pattern?: string;
  readonly options?: readonly string[];
}

export interface IntegerRule extends Common {
  readonly kind: 'integer';
  readonly min?: number;
}

export interface BooleanRule extends Common {
  readonly kind: 'boolean';
}

export interface ObjectRule extends Common {
  readonly kind: 'object';
  readonly fields: FieldRules;
}

export interface ArrayRule extends Common {
  readonly kind: 'array';
  readonly item: FieldRule;
}

export type FieldRule = StringRule | IntegerRule | BooleanRule | ObjectRule | ArrayRule;
export type FieldRules = Readonly<Record<string, FieldRule>>;

export const text = (title: string, max: number, more: Partial<StringRule> = {}): StringRule => ({
  kind: 'string',
  title,
  min: 1,
  max,
  unit: '字符数',
  ...more,
});
export const integer = (title: string, more: Partial<IntegerRule> = {}): IntegerRule => ({
  kind: 'integer',
  title,
  ...more,
});
export const truth = (title: string): BooleanRule => ({ kind: 'boolean', title });
export const object = (title: string, fields: FieldRules, more: { required?: true } = {}): ObjectRule => ({
  kind: 'object',
  title,
  fields,
  ...more,
});
export const array = (title: string, item: FieldRule): ArrayRule => ({ kind: 'array', title, item });
export const required = { required: true } as const;

/**
 * Checks a request's fields and refuses the first wrong one, in the order of the rules, as PARAM_ERROR with upstream's
 * wording (collected from published error reports). Fields without a rule are ignored, and null means absent
 * (doc 4012081709, 参数兼容性).
 *
 * @throws WechatError 400 PARAM_ERROR
 */
export function checkFields(rules: FieldRules, values: object, source: FieldSource, path = `/${source}`): void {
  for (const [name, rule] of Object.entries(rules)) {
    const value: unknown = (values as Record<string, unknown>)[name];
    checkField(rule, value, source, `${path}/${name}`);
  }
}

/** A PARAM_ERROR about one field. */
export function parameterError(message: string, source: FieldSource, value: unknown): WechatError {
  return new WechatError(400, 'PARAM_ERROR', message, { detail: { location: source, value } });
}

function checkField(rule: FieldRule, value: unknown, source: FieldSource, path: string): void {
  if (value === undefined || value === null) {
    if (!rule.required) return;
    throw parameterError(`输入源“${path}”映射到字段“${rule.title}”必填性规则校验失败，此字段为必填项`, source, '');
  }
  const mismatch = (expected: string): WechatError =>
    parameterError(
      `无法将 JSON 输入源“${path}”映射到目标字段“${rule.title}”中，此字段需要一个合法的${expected}`,
      source,
      value,
    );
  switch (rule.kind) {
    case 'string':
      if (typeof value !== 'string') throw mismatch('字符串');
      return checkText(rule, value, source, path);
    case 'integer':
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw mismatch(' 64 位有符号整数');
      if (rule.min !== undefined && value < rule.min) {
        const problem = `数值 ${value}，小于最小值 ${rule.min}`;
        throw parameterError(`输入源“${path}”映射到数值字段“${rule.title}”数值规则校验失败，${problem}`, source, value);
      }
      return;
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch('布尔值');
      return;
    case 'object':
      if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(' Json 对象');
      return checkFields(rule.fields, value, source, path);
    case 'array':
      if (!Array.isArray(value)) throw mismatch(' Json 数组');
      for (const [index, item] of value.entries()) checkField(rule.item, item, source, `${path}/${index}`);
  }
}

function checkText(rule: StringRule, value: string, source: FieldSource, path: string): void {
  const failure = (problem: string, shown: unknown): WechatError =>
    parameterError(`输入源“${path}”映射到值字段“${rule.title}”字符串规则校验失败，${problem}`, source, shown);
  const length = rule.unit === '字符数' ? Array.from(value).length : Buffer.byteLength(value);
  // Upstream shows the length, not the text, in `detail.value` of a length error.
  if (length < (rule.min ?? 0)) throw failure(`${rule.unit} ${length}，小于最小值 ${rule.min}`, length);
  if (length > rule.max) throw failure(`${rule.unit} ${length}，大于最大值 ${rule.max}`, length);
  // Only UTF-8 of one to three bytes (doc 4012081709, 字符集), so no emoji.
  if (/[\u{10000}-\u{10FFFF}]/u.test(value)) throw failure('包含四字节的 UTF-8 字符', value);
  if (rule.pattern !== undefined && !new RegExp(rule.pattern).test(value)) {
    throw failure(`字符串必须匹配正则表达式“${rule.pattern}”`, value);
  }
  if (rule.options && !rule.options.includes(value)) {
    throw failure(`字符串只能取值 ${rule.options.join('、')}`, value);
  }
}
