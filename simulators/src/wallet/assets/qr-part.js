import { copyText, tellWhetherCopied } from './clipboard.js';
import { element, icon } from './dom.js';
import { text } from './page-data.js';

/** The code of an order as a picture, folded away until asked for, with buttons to take it elsewhere. */
export function qrPart(payment) {
  const source = `/wallet/qr.png?code=${encodeURIComponent(payment.code)}`;
  const details = element('details', { class: 'qr' });
  details.append(element('summary', {}, icon('qr'), text('showQr')));
  details.addEventListener('toggle', () => {
    details.querySelector('summary').lastChild.textContent = text(details.open ? 'hideQr' : 'showQr');
    if (details.open && details.children.length === 1) details.append(picture(payment, source));
    if (details.open) details.scrollIntoView({ block: 'nearest' });
  });
  return details;
}

function picture(payment, source) {
  const image = element('img', {
    src: source,
    width: 240,
    height: 240,
    alt: text('qrAlt', { order: payment.out_trade_no }),
  });
  return element(
    'div',
    { class: 'qr-body' },
    image,
    element('code', { class: 'qr-text' }, payment.code),
    element(
      'div',
      { class: 'qr-actions' },
      element('button', { type: 'button', onclick: () => copyPicture(source) }, text('copyPicture')),
      element('button', { type: 'button', onclick: () => copyText(payment.code) }, text('copyText')),
      element('a', { href: source, download: `${payment.out_trade_no}.png` }, text('savePicture')),
    ),
  );
}

async function copyPicture(source) {
  await tellWhetherCopied(async () => {
    const blob = await (await fetch(source)).blob();
    await navigator.clipboard.write([new ClipboardItem({ [blob.type]: blob })]);
  });
}
