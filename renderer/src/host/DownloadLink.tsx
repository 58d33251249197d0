import { useState } from 'react';
import type { NacreError } from '../../../electron/contract/result.ts';
import type { ExportedFile } from '../../../electron/contract/views.ts';
import { useHost } from './query.tsx';

interface DownloadLinkProps {
  readonly file: ExportedFile;
  /** A verb with its object: "Download model.json". */
  readonly children: string;
  readonly className?: string;
  readonly onFailed?: (error: NacreError) => void;
}

/** Brings an exported file to the browser. In Electron the core has written it to this machine: the path says where. */
export function DownloadLink({ file, children, className, onFailed }: DownloadLinkProps) {
  const { download } = useHost();
  const [taken, setTaken] = useState(false);
  if (download === undefined) return <span className="mono small">{file.path}</span>;
  const take = async () => {
    const result = await download(file.downloadId, file.fileName);
    if (result.ok) setTaken(true);
    else onFailed?.(result.error);
  };
  return (
    <button type="button" className={className} onClick={() => void take()}>
      {taken ? `${file.fileName} downloaded` : children}
    </button>
  );
}
