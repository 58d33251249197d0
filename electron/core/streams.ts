import { streams, type StreamEvent, type StreamName } from '../contract/methods.ts';

type Listener = (event: never) => void;

/** Streams whose events are states: only the newest of a subject matters, so a burst becomes its last event. */
const coalesced: ReadonlySet<StreamName> = new Set<StreamName>([
  'app.changed',
  'task.changed',
  'node.changed',
  'health.changed',
  'run.changed',
  'mlflow.changed',
]);

/** Shortest time between two events of one subject: 10 a second. */
const intervalMs = 100;

interface Slot {
  timer: NodeJS.Timeout;
  pending: (() => unknown) | undefined;
}

export interface StreamHub {
  /** `make` is called only when the event is really sent. `subject` names what the state is of: a run id, a node. */
  emit<S extends StreamName>(stream: S, subject: string, make: () => StreamEvent<S>): void;
  subscribe<S extends StreamName>(stream: S, listener: (event: StreamEvent<S>) => void): () => void;
  close(): void;
}

/**
 * Fans events out to the hosts. `visible` is the lock gate: while it says no, only `app.changed` passes. What a
 * listener throws goes to `onListenerError` and reaches neither other listeners nor the emitter.
 */
export function createStreamHub(options: {
  visible: () => boolean;
  onListenerError: (stream: StreamName, error: unknown) => void;
}): StreamHub {
  const listeners = new Map<StreamName, Set<Listener>>(
    (Object.keys(streams) as StreamName[]).map((name) => [name, new Set<Listener>()]),
  );
  const slots = new Map<string, Slot>();
  let closed = false;

  const send = (stream: StreamName, make: () => unknown) => {
    const interested = listeners.get(stream);
    if (interested === undefined || interested.size === 0) return;
    if (stream !== 'app.changed' && !options.visible()) return;
    const event = make();
    for (const listener of interested) {
      try {
        listener(event as never);
      } catch (error) {
        options.onListenerError(stream, error);
      }
    }
  };

  const emit = (stream: StreamName, subject: string, make: () => unknown) => {
    if (closed) return;
    if (!coalesced.has(stream)) {
      send(stream, make);
      return;
    }
    const key = `${stream}\n${subject}`;
    const open = slots.get(key);
    if (open !== undefined) {
      open.pending = make;
      return;
    }
    const tick = () => {
      const slot = slots.get(key);
      if (slot?.pending === undefined) {
        slots.delete(key);
        return;
      }
      const next = slot.pending;
      slot.pending = undefined;
      slot.timer = setTimeout(tick, intervalMs);
      send(stream, next);
    };
    slots.set(key, { timer: setTimeout(tick, intervalMs), pending: undefined });
    send(stream, make);
  };

  return {
    emit: emit as StreamHub['emit'],
    subscribe(stream, listener) {
      const set = listeners.get(stream);
      set?.add(listener as Listener);
      return () => {
        set?.delete(listener as Listener);
      };
    },
    close() {
      closed = true;
      for (const slot of slots.values()) clearTimeout(slot.timer);
      slots.clear();
      for (const set of listeners.values()) set.clear();
    },
  };
}
