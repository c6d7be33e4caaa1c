/** `… | head` closes the pipe early. A run goes on all the same, and cleans up after itself; there is nobody left to print for. */
export function outliveReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
