import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import styles from './Messages.module.css';
import { Tick, TrustMark, type Trust } from './TrustMark.tsx';

export interface ToastInput {
  readonly title: string;
  readonly note?: string;
  /** Only for statements about hardware evidence, warnings and refusals; absent draws a plain check. */
  readonly trust?: Trust;
  readonly simulated?: boolean;
  /** Errors stay until read. */
  readonly stays?: boolean;
  readonly action?: { readonly label: string; readonly run: () => void };
}

interface Toast extends ToastInput {
  readonly id: number;
}

type ShowToast = (toast: ToastInput) => void;

const ToastContext = createContext<ShowToast | undefined>(undefined);

/** Bottom right, at most three, focus is never taken. */
export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<ReadonlyArray<Toast>>([]);
  const show = useCallback<ShowToast>((input) => {
    setToasts((current) => {
      const toast: Toast = { ...input, id: (current.at(-1)?.id ?? 0) + 1 };
      const next = [...current, toast];
      // Over three, the oldest that does not have to be read makes room.
      if (next.length <= 3) return next;
      const leaving = next.findIndex((entry) => entry.stays !== true);
      return next.toSpliced(leaving === -1 ? 0 : leaving, 1);
    });
  }, []);
  const close = useCallback((id: number) => setToasts((current) => current.filter((toast) => toast.id !== id)), []);
  return (
    <ToastContext value={show}>
      {children}
      <div className={styles.toasts} role="region" aria-label="Messages" aria-live="polite">
        {toasts.map((toast) => (
          <ToastView key={toast.id} toast={toast} close={close} />
        ))}
      </div>
    </ToastContext>
  );
}

const shownForMs = 8000;

function ToastView({ toast, close }: { readonly toast: Toast; readonly close: (id: number) => void }) {
  const { id, stays } = toast;
  useEffect(() => {
    if (stays === true) return undefined;
    const timer = setTimeout(() => close(id), shownForMs);
    return () => clearTimeout(timer);
  }, [id, stays, close]);
  return (
    <div className={styles.toast}>
      {toast.trust === undefined ? <Tick /> : <TrustMark trust={toast.trust} simulated={toast.simulated} />}
      <span className="grow">
        {toast.title}
        {toast.note === undefined ? null : <small>{toast.note}</small>}
      </span>
      {toast.action === undefined ? null : (
        <button
          type="button"
          className={styles.close}
          onClick={() => {
            toast.action?.run();
            close(id);
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button type="button" className={styles.close} aria-label={`Close: ${toast.title}`} onClick={() => close(id)}>
        Close
      </button>
    </div>
  );
}

/** The function that shows a toast; a no-op would hide a message, so a missing provider is an error of the program. */
export function useToasts(): { readonly show: ShowToast } {
  const show = use(ToastContext);
  if (show === undefined) throw new Error('useToasts needs a ToastProvider above it');
  return useMemo(() => ({ show }), [show]);
}
