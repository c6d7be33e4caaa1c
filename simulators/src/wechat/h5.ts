import { object, required, text } from './field-rules.ts';
import type { FieldRules } from './field-rules.ts';
import { sceneInfo, transactionFields } from './order-fields.ts';
import { orderOperations } from './order-request.ts';

/** Docs 4012525153 (direct), partner 4012523544: the scene and its kind are required. */
const fields: FieldRules = {
  ...transactionFields,
  scene_info: object(
    '场景信息',
    {
      ...sceneInfo,
      h5_info: object(
        'H5场景信息',
        {
          type: text('场景类型', 32, required),
          app_name: text('应用名称', 64),
          app_url: text('网站URL', 128),
          bundle_id: text('iOS平台BundleID', 128),
          package_name: text('Android平台PackageName', 128),
        },
        required,
      ),
    },
    required,
  ),
};

/** H5 下单: an order that a browser outside WeChat opens by its h5_url. */
export const h5Operations = orderOperations({
  name: 'h5',
  trade_type: 'MWEB',
  fields: { direct: fields, partner: fields },
  answer: ({ h5_url }) => ({ h5_url }),
});
