import { readFields, textField } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

/** A channel whose trades end for good some time after the payment (交易完结). */
export interface TradeFinisher {
  /** Ends a paid trade: nothing of it can be refunded from then on. Throws ControlError. */
  finishTrade(out_trade_no: string): { out_trade_no: string; state: string };
}

/** Ends a paid trade now, as its channel does a year after the payment. */
export function finishRoutes(finisher: TradeFinisher): Route[] {
  return [
    {
      method: 'POST',
      path: '/control/finish',
      answer: (request) => {
        const fields = readFields(request, ['out_trade_no']);
        const out_trade_no = textField(fields, 'out_trade_no', 'the number that the gateway gave Alipay');
        return jsonAnswer(200, finisher.finishTrade(out_trade_no));
      },
    },
  ];
}
