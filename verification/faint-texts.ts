/**
 * Runs in the page: texts whose contrast to the nearest plain background is below 4.5, as WCAG 2.2 1.4.3 asks of text.
 * What lies on a gradient is left out: it has no one background.
 */
export const FAINT_TEXTS = `(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [red, green, blue] = parts(colour).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const background = (node) => {
    for (let here = node; here; here = here.parentElement) {
      const style = getComputedStyle(here);
      if (style.backgroundImage !== 'none') return undefined;
      const [, , , alpha = 1] = parts(style.backgroundColor);
      if (alpha === 1) return style.backgroundColor;
    }
    return undefined;
  };
  const faint = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== '');
    if (!own || node.closest('script, noscript, .toast, .skip, [hidden], :disabled') || !node.checkVisibility()) continue;
    const behind = background(node);
    if (behind === undefined) continue;
    const [light, dark] = [luminance(getComputedStyle(node).color), luminance(behind)].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) faint.push(node.className + ' "' + node.textContent.trim().slice(0, 30) + '" ' + contrast.toFixed(2));
  }
  return faint;
})()`;
