/** The system's timer, as an auto-lock wants it. */
export function startSystemTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  // A waiting auto-lock must not keep a finished command alive.
  timer.unref();
  return () => clearTimeout(timer);
}

/** One after the other: two passphrases at once would be two derivations of 256 MiB. */
export function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
}
