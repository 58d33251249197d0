import { useState } from 'react';
import { useMethod } from '../../host/index.ts';
import { ErrorMessage, FileList } from '../../ui/index.ts';

interface FilePickerProps {
  readonly path: string | undefined;
  readonly onPath: (path: string) => void;
}

/** What is to be sealed, chosen on the machine the core runs on. */
export function FilePicker({ path, onPath }: FilePickerProps) {
  const [directory, setDirectory] = useState<string>();
  const listing = useMethod('files.browse', directory === undefined ? {} : { directory });
  return (
    <div>
      {listing.error === null ? null : <ErrorMessage inline error={listing.error.error} />}
      <FileList
        listing={listing.data}
        chosen={path === undefined ? [] : [path]}
        onPath={onPath}
        onDirectory={setDirectory}
        folders={directory !== undefined}
        hint="Type a path and press Enter, or choose below. A script goes into one folder with its data, and the folder is sealed whole."
      />
    </div>
  );
}
