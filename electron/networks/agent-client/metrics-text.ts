/** Lines of one answer that are looked at; a node with 16 GPUs sends a hundred. */
const lineMaximum = 10_000;
const sample = /^(DCGM_FI_[A-Z0-9_]{1,64})(?:\{([^}]{0,1024})\})? (-?[0-9.]{1,32}(?:e[+-]?\d{1,3})?)/i;

/**
 * Mean of each DCGM field over the GPUs of a node, from Prometheus text (exposition format 0.0.4). A field that is not
 * there is absent, never 0; undefined when there is none at all.
 */
export function latestGpuFields(text: string): Record<string, number> | undefined {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const line of text.split('\n', lineMaximum)) {
    const match = sample.exec(line);
    const [, name, , figure] = match ?? [];
    const value = Number(figure);
    if (name === undefined || !Number.isFinite(value)) continue;
    const entry = sums.get(name) ?? { sum: 0, count: 0 };
    sums.set(name, { sum: entry.sum + value, count: entry.count + 1 });
  }
  if (sums.size === 0) return undefined;
  return Object.fromEntries([...sums].map(([name, { sum, count }]) => [name, sum / count]));
}
