import { Dialog as BaseDialog } from '@base-ui/react/dialog';
import { useId, useMemo, useState, type ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './Dialog.module.css';
import { Kbd } from './Values.tsx';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: 'Acts' | 'Go to';
  /** At the right: what it applies to. */
  readonly note?: string;
  readonly keys?: string;
  readonly run: () => void;
}

/** Commands whose title or note holds every word of the query, in any order; earlier matches in the title first. */
export function matchCommands(commands: ReadonlyArray<Command>, query: string): ReadonlyArray<Command> {
  const words = query
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '');
  return commands
    .map((command) => {
      const title = command.title.toLowerCase();
      const text = `${title} ${command.note?.toLowerCase() ?? ''}`;
      const hit = words.every((word) => text.includes(word));
      const place = words.length === 0 ? 0 : title.indexOf(words[0] ?? '');
      return { command, hit, place: place === -1 ? title.length : place };
    })
    .filter((entry) => entry.hit)
    .toSorted((left, right) => left.place - right.place)
    .map((entry) => entry.command);
}

function highlight(title: string, query: string): ReactNode {
  const word = query.trim().toLowerCase().split(/\s+/u)[0] ?? '';
  const at = word === '' ? -1 : title.toLowerCase().indexOf(word);
  if (at === -1) return title;
  return (
    <>
      {title.slice(0, at)}
      <b>{title.slice(at, at + word.length)}</b>
      {title.slice(at + word.length)}
    </>
  );
}

export interface CommandPaletteProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly commands: ReadonlyArray<Command>;
}

export function CommandPalette({ open, onClose, commands }: CommandPaletteProps) {
  const [query, setQuery] = useState('');
  const [index, setIndex] = useState(0);
  const listId = useId();
  const found = useMemo(() => {
    const matched = matchCommands(commands, query);
    return [
      ...matched.filter((command) => command.group === 'Acts'),
      ...matched.filter((command) => command.group === 'Go to'),
    ];
  }, [commands, query]);
  const chosen = found[Math.min(index, found.length - 1)];
  const close = () => {
    setQuery('');
    setIndex(0);
    onClose();
  };
  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    close();
    command.run();
  };
  return (
    <BaseDialog.Root open={open} onOpenChange={(next) => (next ? undefined : close())}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={styles.backdrop} />
        <BaseDialog.Popup className={cx(styles.popup, styles.palette)}>
          <BaseDialog.Title className="sr">Command palette</BaseDialog.Title>
          <div className={styles.query}>
            <input
              role="combobox"
              aria-label="Search commands"
              aria-expanded="true"
              aria-controls={listId}
              aria-activedescendant={chosen === undefined ? undefined : `${listId}-${chosen.id}`}
              value={query}
              placeholder="What do you want to do?"
              onChange={(event) => {
                setQuery(event.currentTarget.value);
                setIndex(0);
              }}
              onKeyDown={(event) => {
                if (event.key === 'ArrowDown') setIndex((value) => Math.min(found.length - 1, value + 1));
                else if (event.key === 'ArrowUp') setIndex((value) => Math.max(0, value - 1));
                else if (event.key === 'Enter') run(chosen);
                else return;
                event.preventDefault();
              }}
            />
            <span className="faint small">
              {found.length} of {commands.length}
            </span>
          </div>
          <div className={styles.results} role="listbox" id={listId} aria-label="Commands">
            {found.length === 0 ? <div className={styles.group}>No command has these words.</div> : null}
            {found.map((command, place) => (
              <div key={command.id}>
                {command.group === found[place - 1]?.group ? null : <div className={styles.group}>{command.group}</div>}
                <div
                  id={`${listId}-${command.id}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={command === chosen}
                  className={styles.command}
                  onPointerMove={() => setIndex(place)}
                  onClick={() => run(command)}
                  onKeyDown={(event) => (event.key === 'Enter' ? run(command) : undefined)}
                >
                  <span className="clip">{highlight(command.title, query)}</span>
                  <span className="small faint clip num">{command.note}</span>
                  <span>{command.keys === undefined ? null : <Kbd>{command.keys}</Kbd>}</span>
                </div>
              </div>
            ))}
          </div>
          <div className={styles.foot}>
            <span>
              <Kbd>↑</Kbd> <Kbd>↓</Kbd> move
            </span>
            <span>
              <Kbd>↵</Kbd> run
            </span>
            <span>
              <Kbd>Esc</Kbd> close
            </span>
            <span className="grow num">Spending and releasing always ask first</span>
          </div>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
