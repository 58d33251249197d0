export interface BoundedCache<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
}

/**
 * The most recently used values; the oldest go first. While half of the room is free nothing has to go, so use is noted only
 * beyond that: moving an entry to the end costs more than finding it. @param maximum values kept
 */
export function boundedCache<K, V>(maximum: number): BoundedCache<K, V> {
  const values = new Map<K, V>();
  return {
    get(key) {
      const value = values.get(key);
      if (value !== undefined && values.size * 2 > maximum) {
        values.delete(key);
        values.set(key, value);
      }
      return value;
    },
    set(key, value) {
      values.delete(key);
      values.set(key, value);
      if (values.size <= maximum) return;
      for (const oldest of values.keys()) {
        values.delete(oldest);
        return;
      }
    },
  };
}
