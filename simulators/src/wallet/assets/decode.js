/* global jsQR */

/** Longest edges that are tried: small pictures are read best as they are, photographs best when reduced. */
const EDGES = [1000, 1800, 480];

/**
 * Reads the QR code of a picture.
 * @param blob a picture file
 * @returns its text; undefined when the picture shows no code
 * @throws when the blob is not a picture that the browser can read
 */
export async function readCode(blob) {
  const picture = await createImageBitmap(blob);
  try {
    for (const edge of EDGES) {
      const pixels = drawnAt(picture, Math.min(1, edge / Math.max(picture.width, picture.height)));
      const found = jsQR(pixels.data, pixels.width, pixels.height, { inversionAttempts: 'attemptBoth' });
      if (found?.data) return found.data;
    }
    return undefined;
  } finally {
    picture.close();
  }
}

function drawnAt(picture, scale) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  // Codes saved with a transparent background are dark on nothing.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
