import { encodeQR } from 'qr';
import { useEffect, useMemo, useState } from 'react';
import { Button } from '../../ui/index.ts';
import styles from './Approvals.module.css';

interface AnimatedCodeProps {
  /** Texts of the codes, in order; the first `fragments` hold everything once. */
  readonly parts: readonly string[];
  readonly fragments: number;
  /** What the code holds, for who cannot see it. */
  readonly label: string;
}

/** How long one part is shown: milliseconds. A camera needs a few frames of each. */
const partMs = 400;
const quiet = 4;

/** Parts one after the other, for a camera; by hand with reduced motion, or when the person wants. */
export function AnimatedCode({ parts, fragments, label }: AnimatedCodeProps) {
  const [shown, setShown] = useState(0);
  const [moving, setMoving] = useState(() => !matchMedia('(prefers-reduced-motion: reduce)').matches);
  useEffect(() => {
    if (!moving || parts.length < 2) return undefined;
    const timer = setInterval(() => setShown((index) => (index + 1) % parts.length), partMs);
    return () => clearInterval(timer);
  }, [moving, parts.length]);
  const text = parts[shown % parts.length] ?? '';
  const drawing = useMemo(() => draw(text), [text]);
  return (
    <div className={styles.code}>
      <svg viewBox={`0 0 ${drawing.size} ${drawing.size}`} role="img" aria-label={`QR code: ${label}`}>
        <rect width={drawing.size} height={drawing.size} fill="#fff" />
        <path d={drawing.path} fill="#000" />
      </svg>
      <p className="small dim">
        {parts.length < 2
          ? 'One code holds all of it.'
          : `Part ${shown + 1}; ${fragments} different ones are enough. Changes every ${partMs / 1000} s.`}
      </p>
      {parts.length < 2 ? null : (
        <div className={styles.codeActs}>
          <Button onClick={() => setMoving(!moving)}>{moving ? 'Hold this part' : 'Show parts in turn'}</Button>
          {moving ? null : <Button onClick={() => setShown((shown + 1) % parts.length)}>Next part</Button>}
        </div>
      )}
    </div>
  );
}

/** Dark modules as one path: a rectangle a run of them. */
function draw(text: string): { readonly size: number; readonly path: string } {
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: quiet });
  const runs = rows.flatMap((row, y) =>
    row.flatMap((dark, x) => {
      if (!dark || row[x - 1] === true) return [];
      const end = row.indexOf(false, x);
      return [`M${x} ${y}h${(end < 0 ? row.length : end) - x}v1H${x}z`];
    }),
  );
  return { size: rows.length, path: runs.join('') };
}
