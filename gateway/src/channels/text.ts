/** Cutting texts to what a peer takes: half a character is none, and JSON with one is refused by some. */

/** The first `limit` UTF-16 units, one less where that would split a character in two. */
export function firstCharacters(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cut = text.slice(0, limit);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

/** As many whole characters from the start as fit into `limit` bytes of UTF-8. */
export function firstBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > limit) break;
    end += character.length;
  }
  return text.slice(0, end);
}
