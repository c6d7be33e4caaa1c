/**
 * Loaded before a child's own program (`node --import`): ends the child when the sandbox is gone, SIGKILL included. The IPC
 * channel closes with the parent whatever its end was.
 */

/** How long the child may take to stop by itself. */
const PATIENCE_ms = 10_000;

process.once('disconnect', () => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), PATIENCE_ms).unref();
  process.kill(process.pid, 'SIGTERM');
});
// The channel alone is no reason to keep running.
process.channel?.unref();
