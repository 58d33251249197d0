import type { IncomingMessage } from 'node:http';
import { evidenceFileLimits } from '../contract/evidence-files.ts';
import { err, type Result } from '../contract/result.ts';
import { inboxNameHeader, type InboxFile } from '../contract/web-paths.ts';
import type { Core } from '../core/types.ts';

/**
 * Takes in one file that was dropped onto a page, whose sender was already checked. A media type that no form can send, a
 * length said beforehand and never exceeded, and a name that is only a label: the core chooses the place.
 */
export async function receiveUpload(
  core: Core,
  request: IncomingMessage,
): Promise<{ readonly status: number; readonly result: Result<InboxFile> }> {
  const { headers } = request;
  if (headers['content-type'] !== 'application/octet-stream') {
    return { status: 415, result: err('invalid_input', 'A file is sent as application/octet-stream.') };
  }
  const length = headers['content-length'];
  if (length === undefined || !/^\d{1,12}$/.test(length)) {
    return { status: 411, result: err('invalid_input', 'A file is sent with its length.') };
  }
  if (Number(length) > evidenceFileLimits.setBytes) {
    const message = `A file that is dropped here has at most ${evidenceFileLimits.setBytes} bytes.`;
    return { status: 413, result: err('invalid_input', message) };
  }
  const name = fileName(headers[inboxNameHeader]);
  if (name === undefined) {
    return { status: 400, result: err('invalid_input', 'A file is sent with its name, percent-encoded.') };
  }
  // Leaving the loop early must not destroy the socket that the refusal goes out on.
  const content = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  return { status: 200, result: await core.receiveFile(name, content) };
}

function fileName(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || header === '' || header.length > 1024) return undefined;
  try {
    return decodeURIComponent(header);
  } catch {
    return undefined;
  }
}
