/** Cheap enough for tests; a real vault takes 256 MiB. */
export const testKdf = { memoryKib: 8192, passes: 1 } as const;
