import { ipcMain, type IpcMainInvokeEvent } from 'electron';
import { err, type Result } from '../contract/result.ts';
import type { pageChannels } from '../contract/page-channels.ts';
import { isOwnPage } from './navigation.ts';

type InvokedChannel = (typeof pageChannels)['call' | 'connect'];

/** What of an event decides whether its sender is our page. */
export interface Sender {
  readonly sender: { readonly id: number };
  readonly senderFrame: { readonly url: string; readonly parent: unknown } | null;
}

/** Our window, its main frame, our origin: all three. A frame that is gone has no say. */
export function isTrustedSender(event: Sender, windowId: number | undefined): boolean {
  const frame = event.senderFrame;
  if (frame === null || windowId === undefined) return false;
  return event.sender.id === windowId && frame.parent === null && isOwnPage(frame.url);
}

/**
 * The one door for messages from pages: `ipcMain` is imported nowhere else (a test holds that). A handler gets plain
 * values, never the event.
 */
export function handleFromPage(
  channel: InvokedChannel,
  windowId: () => number | undefined,
  handler: (...values: unknown[]) => Promise<Result<unknown>>,
): void {
  ipcMain.handle(channel, async (event: IpcMainInvokeEvent, ...values: unknown[]) => {
    if (!isTrustedSender(event, windowId())) return err('not_permitted', 'Only the window of Nacre may ask this.');
    return handler(...values);
  });
}
