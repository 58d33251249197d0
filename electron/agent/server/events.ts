import type { ServerResponse } from 'node:http';
import type { FrameLog } from '../job/frame-log.ts';

/**
 * Streams frames as server-sent events from a sequence on: `id:` the sequence, `data:` one frame as JSON. Ends after
 * the last frame of an ended job. A slow reader is waited for, never buffered for; a comment goes out when it is quiet.
 * While `stalled`, nothing goes out at all (a fault of SIMULATED nodes).
 */
export async function streamFrames(
  response: ServerResponse,
  frames: FrameLog,
  from: number,
  heartbeatMs: number,
  stalled: () => boolean = () => false,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  let wake: (() => void) | undefined;
  let closed = false;
  const unwatch = frames.watch(() => wake?.());
  response.on('close', () => {
    closed = true;
    wake?.();
  });
  response.on('drain', () => wake?.());
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain && !stalled()) response.write(': alive\n\n');
  }, heartbeatMs);
  try {
    let next = from;
    for (;;) {
      // Made before looking, so that nothing that happens in between is missed.
      const woken = new Promise<void>((resolve) => (wake = resolve));
      if (closed) return;
      while (!response.writableNeedDrain && !stalled()) {
        const frame = frames.read(next);
        if (frame === undefined) break;
        response.write(`id: ${next}\ndata: ${frame}\n\n`);
        next += 1;
      }
      if (frames.ended && !stalled() && next >= frames.next) {
        response.end();
        return;
      }
      await woken;
    }
  } finally {
    clearInterval(heartbeat);
    unwatch();
  }
}
