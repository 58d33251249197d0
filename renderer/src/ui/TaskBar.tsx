import { Button } from './Button.tsx';
import { ProgressBar, type ProgressBarProps } from './Messages.tsx';
import { describeProgress } from './format.ts';

interface TaskBarProps {
  readonly task: {
    readonly id: string;
    readonly title: string;
    readonly pausable?: boolean | undefined;
    readonly paused?: boolean | undefined;
    readonly progress?: ProgressBarProps['progress'];
  };
  /** What it is called on its buttons: "sealing". */
  readonly noun: string;
  readonly onPause: (id: string) => void;
  readonly onResume: (id: string) => void;
  readonly onCancel: (id: string) => void;
}

/** A long action with its bytes, and what can be done with it: hold it, go on, end it. */
export function TaskBar({ task, noun, onPause, onResume, onCancel }: TaskBarProps) {
  const { id, title, progress } = task;
  const paused = task.paused === true;
  const done =
    progress === undefined ? '' : describeProgress({ ...progress, ratePerSecond: undefined, secondsLeft: undefined });
  return (
    <ProgressBar
      title={title}
      progress={progress}
      state={paused ? 'paused' : 'moving'}
      sentence={paused ? `Paused. ${done}` : undefined}
      aside={
        <>
          {task.pausable === true ? (
            <Button variant="quiet" onClick={() => (paused ? onResume(id) : onPause(id))}>
              {paused ? `Resume ${noun}` : `Pause ${noun}`}
            </Button>
          ) : null}
          <Button variant="quiet" onClick={() => onCancel(id)}>
            Cancel {noun}
          </Button>
        </>
      }
    />
  );
}
