import type { Session } from 'electron';

/** What a page may ask the browser for. Electron grants everything by default; Nacre needs two harmless things, and the camera. */
const allowed: ReadonlySet<string> = new Set(['clipboard-sanitized-write', 'fullscreen']);

/**
 * The camera, which reads the codes of custodians' answers: pictures only, never sound. Asked for by a person's click, and
 * the system asks too.
 */
export function isCameraOnly(permission: string, mediaTypes: readonly string[] | undefined): boolean {
  return permission === 'media' && mediaTypes?.length === 1 && mediaTypes[0] === 'video';
}

export function isAllowedPermission(permission: string): boolean {
  return allowed.has(permission);
}

/** Answers every kind of permission question, those that no page of ours asks too. */
export function denyPermissions(session: Session, isOwnPage: (url: string) => boolean): void {
  session.setPermissionRequestHandler((_contents, permission, answer, details) => {
    const camera = isCameraOnly(permission, 'mediaTypes' in details ? details.mediaTypes : undefined);
    answer((isAllowedPermission(permission) || camera) && isOwnPage(details.requestingUrl));
  });
  session.setPermissionCheckHandler(
    (_contents, permission, origin, { mediaType }) =>
      (isAllowedPermission(permission) || isCameraOnly(permission, mediaType === undefined ? [] : [mediaType])) &&
      isOwnPage(origin),
  );
  session.setDevicePermissionHandler(() => false);
  // No stream answers a request for the screen: it is refused.
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
}
