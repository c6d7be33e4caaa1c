import type { NodeHead } from './answers.ts';

/**
 * "System error", whose meaning is "unknown: query". It comes with code 20000 under two names: the gateway's
 * isp.unknow-error (spelt so) and the trade system's ACQ.SYSTEM_ERROR (opendocs.alipay.com/open/00f7nv).
 *
 * Cancelling spells the latter AQC.SYSTEM_ERROR (open/02ekfr, 业务错误码).
 *
 * @param operation queries get the gateway's name, what moves money the trade system's, so that both are met
 */
export function systemError(operation: string): NodeHead {
  const [sub_code, sub_msg] =
    operation === 'query'
      ? ['isp.unknow-error', '系统繁忙']
      : operation === 'reverse'
        ? ['AQC.SYSTEM_ERROR', '系统错误']
        : ['ACQ.SYSTEM_ERROR', '系统异常'];
  return { code: '20000', msg: 'Service Currently Unavailable', sub_code, sub_msg };
}
