/** A small tree of what was read of one entry: names, texts, and the currency of amounts. */

export interface Node {
  readonly name: string;
  text: string;
  /** The attribute Ccy. */
  currency: string | null;
  readonly children: Node[];
}

/** The first descendant along a path of names, or null. */
export function nodeAt(node: Node, ...path: readonly string[]): Node | null {
  let found: Node | null = node;
  for (const name of path) {
    found = found.children.find((child) => child.name === name) ?? null;
    if (!found) return null;
  }
  return found;
}

/** The text there without white space around it; null when there is none. */
export function textAt(node: Node, ...path: readonly string[]): string | null {
  const text = nodeAt(node, ...path)?.text.trim() ?? '';
  return text === '' ? null : text;
}

/** Every child of that name. */
export function childrenOf(node: Node, name: string): Node[] {
  return node.children.filter((child) => child.name === name);
}
