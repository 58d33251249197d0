import { useEffect, useRef, useState } from 'react';
import type { MethodOutput } from '../../../../electron/contract/methods.ts';
import { useAction } from '../../host/index.ts';
import { Button, ErrorMessage } from '../../ui/index.ts';
import styles from './Approvals.module.css';

/** How often a picture is searched for a code: milliseconds. */
const lookMs = 120;
const noCamera = { code: 'unavailable', message: 'No camera can be used here.', hint: 'Use a file or a picture.' };

/**
 * Reads animated codes. Only texts of codes leave this part, and only to the core, which checks signatures; codes of
 * public documents are no secret. No picture is kept.
 */
export function Camera({ onWhole }: { readonly onWhole: (imported: MethodOutput<'approvals.import'>) => void }) {
  const [on, setOn] = useState(false);
  const [failed, setFailed] = useState(false);
  const video = useRef<HTMLVideoElement>(null);
  const take = useAction('approvals.importCodes', {
    onDone: ({ imported }) => {
      if (imported === undefined) return;
      setOn(false);
      onWhole(imported);
    },
    onFailed: () => setOn(false),
  });
  const { mutate } = take;

  useEffect(() => {
    if (!on) return undefined;
    const seen = new Set<string>();
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const look = async () => {
      // Loaded here: whoever never turns the camera on does not load a reader of codes.
      const [{ decodeQRBatch }, opened] = await Promise.all([
        import('qr/decode.js'),
        navigator.mediaDevices.getUserMedia({ audio: false, video: { width: { ideal: 1280 } } }),
      ]);
      stream = opened;
      const element = video.current;
      if (stopped || element === null) return stop();
      element.srcObject = stream;
      await element.play();
      const canvas = document.createElement('canvas');
      const context = canvas.getContext('2d', { willReadFrequently: true });
      const step = async () => {
        if (stopped || context === null) return;
        canvas.width = element.videoWidth;
        canvas.height = element.videoHeight;
        if (canvas.width > 0) {
          context.drawImage(element, 0, 0);
          const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
          const [found = []] = await decodeQRBatch([{ data, width, height }]);
          const fresh = found.filter((text): text is string => typeof text === 'string' && !seen.has(text));
          for (const text of fresh) seen.add(text);
          if (fresh.length > 0) mutate({ parts: [...seen] });
        }
        timer = setTimeout(() => void step(), lookMs);
      };
      await step();
    };
    const stop = () => {
      stopped = true;
      clearTimeout(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    look().catch(() => {
      // No camera, or the person or the system said no: the reasons are not told apart for pages.
      stop();
      setOn(false);
      setFailed(true);
    });
    return stop;
  }, [on, mutate]);

  const progress = take.data;
  return (
    <div className={styles.code}>
      {on ? (
        <>
          <video ref={video} muted playsInline aria-label="Picture of the camera" />
          <p className="small dim" role="status">
            {progress === undefined
              ? 'Hold the code before the camera.'
              : `${progress.known} of ${progress.total} parts read.`}
          </p>
        </>
      ) : null}
      <div className={styles.codeActs}>
        <Button
          onClick={() => {
            setFailed(false);
            take.reset();
            setOn(!on);
          }}
        >
          {on ? 'Turn camera off' : 'Read codes with the camera'}
        </Button>
      </div>
      {failed ? <ErrorMessage inline error={noCamera} /> : null}
      {take.error === null ? null : <ErrorMessage inline error={take.error.error} />}
    </div>
  );
}
