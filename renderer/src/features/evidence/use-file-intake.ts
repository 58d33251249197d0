import { useState, type DragEvent } from 'react';
import { err, type Result } from '../../../../electron/contract/result.ts';
import type { NacreError } from '../../../../electron/contract/result.ts';
import { useHost } from '../../host/index.ts';
import { formatBytes } from '../../ui/index.ts';
import type { ChosenFile } from './file-draft.ts';

/** What one set of evidence files may have; the core holds to the same (electron/contract/evidence-files.ts). */
const limits = { files: 64, bytes: 16 * 1_048_576 } as const;

interface FileIntake {
  /** Files are being brought to the core. */
  readonly taking: boolean;
  /** A file hangs over the screen. */
  readonly hovering: boolean;
  readonly error: NacreError | undefined;
  /** Listeners of the region that files may be dropped on. */
  readonly ground: {
    readonly onDragOver: (event: DragEvent) => void;
    readonly onDragLeave: (event: DragEvent) => void;
    readonly onDrop: (event: DragEvent) => void;
  };
}

/** Files dropped onto a region: where the core can open them. Their contents are not looked at here. */
export function useFileIntake(onFiles: (files: ReadonlyArray<ChosenFile>) => void): FileIntake {
  const { placeFile } = useHost();
  const [taking, setTaking] = useState(false);
  const [hovering, setHovering] = useState(false);
  const [error, setError] = useState<NacreError>();
  const take = async (files: ReadonlyArray<File>) => {
    setTaking(true);
    setError(undefined);
    const placed = await placeAll(files, placeFile);
    setTaking(false);
    if (placed.ok) onFiles(placed.value);
    else setError(placed.error);
  };
  return {
    taking,
    hovering,
    error,
    ground: {
      onDragOver: (event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setHovering(true);
      },
      onDragLeave: (event) => {
        // Going over to a part of the region is no leaving.
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setHovering(false);
      },
      onDrop: (event) => {
        event.preventDefault();
        setHovering(false);
        const files = [...event.dataTransfer.files];
        if (files.length > 0) void take(files);
      },
    },
  };
}

async function placeAll(
  files: ReadonlyArray<File>,
  place: (file: File) => Promise<Result<{ readonly path: string }>>,
): Promise<Result<ChosenFile[]>> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length > limits.files || total > limits.bytes) {
    return err('invalid_input', `${files.length} files of ${formatBytes(total)} were dropped.`, {
      hint: `One set has at most ${limits.files} files and ${formatBytes(limits.bytes)}.`,
    });
  }
  const placed: ChosenFile[] = [];
  for (const file of files) {
    const one = await place(file);
    if (!one.ok) return one;
    placed.push({ path: one.value.path, name: file.name });
  }
  return { ok: true, value: placed };
}
