import type { Session } from 'electron';

/** What a page may ask the browser for. Electron grants everything by default; Nacre needs two harmless things. */
const allowed: ReadonlySet<string> = new Set(['clipboard-sanitized-write', 'fullscreen']);

export function isAllowedPermission(permission: string): boolean {
  return allowed.has(permission);
}

/** Answers every kind of permission question, those that no page of ours asks too. */
export function denyPermissions(session: Session, isOwnPage: (url: string) => boolean): void {
  session.setPermissionRequestHandler((_contents, permission, answer, details) => {
    answer(isAllowedPermission(permission) && isOwnPage(details.requestingUrl));
  });
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => isAllowedPermission(permission) && isOwnPage(origin),
  );
  session.setDevicePermissionHandler(() => false);
  // No stream answers a request for the screen: it is refused.
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
}
