/** The ephemeral TLS key of one agent process and its self-signed certificate. */
export interface TlsIdentity {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the DER SubjectPublicKeyInfo, hex: what evidence attests and desks compare. */
  readonly spkiSha256: string;
}
