// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  Button,
  ConsequenceDialog,
  errorClass,
  matchCommands,
  MarkDefinitions,
  PassphraseDialog,
  PassphraseInput,
  ProgressBar,
  Segmented,
  Table,
  ToastProvider,
  TrustLabel,
  useToasts,
  type Command,
} from './index.ts';

afterEach(cleanup);

describe('trust marks', () => {
  it('never fill a simulated mark with the pearl', () => {
    for (const trust of ['verified', 'warning', 'refused', 'unknown'] as const) {
      const { container, unmount } = render(<TrustLabel trust={trust} simulated tag />);
      expect(container.innerHTML).not.toContain('nacre-pearl');
      expect(container.innerHTML).toContain('nacre-hatch');
      expect(container.textContent).toContain('SIMULATED');
      unmount();
    }
  });

  it('fill only a real verified mark with it, and say the word beside it', () => {
    const { container } = render(
      <>
        <TrustLabel trust="verified" />
        <TrustLabel trust="refused" />
      </>,
    );
    expect(container.innerHTML.match(/nacre-pearl/gu)).toHaveLength(1);
    expect(container.textContent).toBe('VerifiedRefused');
  });

  it('speak of simulation even where the tag stands in the column head', () => {
    const { container } = render(<TrustLabel trust="verified" simulated />);
    expect(container.textContent).toContain('simulated');
  });

  it('define each paint server once', () => {
    const { container } = render(<MarkDefinitions />);
    expect([...container.querySelectorAll('defs > *')].map((element) => element.id)).toEqual([
      'nacre-pearl',
      'nacre-pearl-lane',
      'nacre-hatch',
    ]);
  });
});

describe('button', () => {
  it('says why it is off and takes no press, but stays reachable', () => {
    const press = vi.fn<() => void>();
    render(
      <Button off="Waits for 1 of 2 signatures." onClick={press}>
        Release key
      </Button>,
    );
    const button = screen.getByRole('button', { name: 'Release key' });
    fireEvent.click(button);
    expect(press).not.toHaveBeenCalled();
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(document.getElementById(button.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
      'Waits for 1 of 2 signatures.',
    );
  });

  it('does not submit a form twice while it works', () => {
    const submit = vi.fn<(event: { preventDefault: () => void }) => void>((event) => event.preventDefault());
    render(
      <form onSubmit={submit}>
        <Button type="submit" working="Signing">
          Sign order
        </Button>
      </form>,
    );
    fireEvent.click(screen.getByRole('button'));
    expect(submit).not.toHaveBeenCalled();
    expect(screen.getByRole('button').textContent).toContain('Signing');
  });
});

describe('table', () => {
  const rows = [
    { id: 'a', price: 3 },
    { id: 'b', price: 1 },
    { id: 'c', price: 2 },
  ];
  const columns = [
    { id: 'id', title: 'Node', width: '100px', cell: (row: { id: string }) => row.id },
    {
      id: 'price',
      title: 'Price',
      width: '100px',
      cell: (row: { price: number }) => String(row.price),
      compare: (left: { price: number }, right: { price: number }) => left.price - right.price,
    },
  ];

  it('moves with the arrow keys, opens with Enter and sorts by its heads', async () => {
    const select = vi.fn<(row: { id: string }) => void>();
    const open = vi.fn<(row: { id: string }) => void>();
    render(
      <Table
        label="Nodes"
        rows={rows}
        columns={columns}
        rowKey={(row) => row.id}
        selected="a"
        onSelect={select}
        onOpen={open}
      />,
    );
    const row = (name: string) => screen.getByText(name).closest<HTMLElement>('[role=row]');
    expect(row('a')?.tabIndex).toBe(0);
    expect(row('b')?.tabIndex).toBe(-1);
    row('a')?.focus();
    fireEvent.keyDown(row('a') as HTMLElement, { key: 'ArrowDown' });
    expect(select).toHaveBeenLastCalledWith(rows[1]);
    await vi.waitFor(() => expect(document.activeElement).toBe(row('b')));
    fireEvent.keyDown(row('b') as HTMLElement, { key: 'End' });
    expect(select).toHaveBeenLastCalledWith(rows[2]);
    fireEvent.keyDown(row('c') as HTMLElement, { key: 'Enter' });
    expect(open).toHaveBeenCalledWith(rows[2]);

    fireEvent.click(screen.getByRole('button', { name: 'Price' }));
    const order = () =>
      screen
        .getAllByRole('row')
        .slice(1)
        .map((each) => each.getAttribute('data-key'));
    expect(order()).toEqual(['b', 'c', 'a']);
    expect(screen.getAllByRole('columnheader')[1]?.getAttribute('aria-sort')).toBe('ascending');
    fireEvent.click(screen.getByRole('button', { name: /Price/u }));
    expect(order()).toEqual(['a', 'c', 'b']);
  });
});

describe('progress', () => {
  it('speaks at each tenth only, with amount, rate and time left', () => {
    const progress = (done: number) => ({ done, total: 100, unit: 'steps' as const, ratePerSecond: 5, secondsLeft: 9 });
    const { rerender, container } = render(<ProgressBar title="Training" progress={progress(9)} />);
    const live = container.querySelector('[aria-live]');
    expect(live?.textContent).toBe('');
    rerender(<ProgressBar title="Training" progress={progress(12)} />);
    const first = live?.textContent;
    expect(first).toBe('Training: 10 %. 12 of 100 steps, 5.00 steps/s, 9.0 s left');
    rerender(<ProgressBar title="Training" progress={progress(19)} />);
    expect(live?.textContent).toBe(first);
    rerender(<ProgressBar title="Training" progress={progress(100)} />);
    expect(live?.textContent).toContain('100 %');
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('100');
  });
});

describe('dialog of consequences', () => {
  it('starts on the way out and needs the phrase', async () => {
    const act = vi.fn<() => void>();
    render(
      <ConsequenceDialog
        open
        onClose={() => undefined}
        title="Delete the share of T. Virtanen?"
        consequence="2 of 3 shares remain."
        keep="Keep share"
        act="Delete share"
        phrase="delete share"
        danger
        onAct={act}
      />,
    );
    await vi.waitFor(() => expect(document.activeElement?.textContent).toBe('Keep share'));
    const button = screen.getByRole('button', { name: 'Delete share' });
    fireEvent.click(button);
    expect(act).not.toHaveBeenCalled();
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'delete share' } });
    fireEvent.click(button);
    expect(act).toHaveBeenCalledOnce();
  });
});

describe('dialog that asks for the passphrase', () => {
  const dialog = (given: { missing?: string; done?: string }, onAct = vi.fn<(passphrase: string) => void>()) => (
    <PassphraseDialog
      onClose={() => undefined}
      title="Back up this profile"
      keep="Not now"
      act="Write backup"
      working={undefined}
      error={undefined}
      onAct={onAct}
      {...given}
    />
  );

  it('says what is missing, hands out what was typed once and forgets it, and ends with what was done', async () => {
    const onAct = vi.fn<(passphrase: string) => void>();
    const { rerender } = render(dialog({ missing: 'Name a file.' }, onAct));
    await screen.findByRole('button', { name: 'Write backup' });
    const press = () => fireEvent.click(screen.getByRole('button', { name: 'Write backup' }));
    expect(document.body.textContent).toContain('Name a file.');
    rerender(dialog({}, onAct));
    expect(document.body.textContent).toContain('Type the passphrase.');
    press();
    expect(onAct).not.toHaveBeenCalled();
    const input = screen.getByLabelText<HTMLInputElement>('Passphrase of the vault');
    fireEvent.change(input, { target: { value: 'harbor velvet' } });
    press();
    expect(onAct.mock.calls).toEqual([['harbor velvet']]);
    expect(input.value).toBe('');
    rerender(dialog({ done: 'Written.' }, onAct));
    expect(screen.queryByRole('button', { name: 'Write backup' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Close' })).toBeTruthy();
  });
});

describe('passphrase', () => {
  it('is hidden until asked, and estimates only a new one', () => {
    const { rerender } = render(<PassphraseInput name="Passphrase" value="harbor" onValue={() => undefined} />);
    const input = screen.getByLabelText('Passphrase');
    expect(input.getAttribute('type')).toBe('password');
    fireEvent.click(screen.getByRole('button', { name: 'Show passphrase' }));
    expect(input.getAttribute('type')).toBe('text');
    expect(document.body.textContent).not.toContain('bits');
    rerender(<PassphraseInput name="Passphrase" value="harbor" onValue={() => undefined} showStrength />);
    expect(document.body.textContent).toContain('Add another uncommon word');
  });
});

describe('choices', () => {
  it('are a radio group', () => {
    const choose = vi.fn<(value: 'a' | 'b') => void>();
    render(
      <Segmented
        label="Axis"
        value="a"
        onValue={choose}
        options={[
          { value: 'a', label: 'Step' },
          { value: 'b', label: 'Time' },
        ]}
      />,
    );
    fireEvent.click(screen.getByLabelText('Time'));
    expect(choose).toHaveBeenCalledWith('b');
  });
});

describe('palette', () => {
  const command = (title: string, note?: string): Command => ({
    id: title,
    title,
    group: 'Acts',
    run: () => undefined,
    ...(note === undefined ? {} : { note }),
  });
  it('finds every word in any order, earlier matches first', () => {
    const commands = [
      command('Seal checkpoint now'),
      command('Check ledger'),
      command('Lock the vault', 'check nothing'),
    ];
    expect(matchCommands(commands, 'check').map((each) => each.title)).toEqual([
      'Check ledger',
      'Seal checkpoint now',
      'Lock the vault',
    ]);
    expect(matchCommands(commands, 'now seal').map((each) => each.title)).toEqual(['Seal checkpoint now']);
    expect(matchCommands(commands, 'zebra')).toEqual([]);
  });
});

describe('errors', () => {
  it('tell a person what to do by class', () => {
    expect(errorClass('attestation_failed').label).toContain('do not retry');
    expect(errorClass('denied_by_policy').label).toContain('policy');
    expect(errorClass('timeout').label).toContain('try again');
    expect(errorClass('internal').label).toContain('nothing was done');
    expect(errorClass('invalid_input').label).toContain('correct');
  });
});

describe('toasts', () => {
  it('keep at most three, and errors until read', () => {
    vi.useFakeTimers();
    let show: ReturnType<typeof useToasts>['show'] = () => undefined;
    function Grab() {
      ({ show } = useToasts());
      return null;
    }
    render(
      <ToastProvider>
        <Grab />
      </ToastProvider>,
    );
    act(() => show({ title: 'error', stays: true }));
    for (const title of ['one', 'two', 'three']) act(() => show({ title }));
    expect(screen.queryByText('one')).toBeNull();
    expect(screen.getByText('error')).toBeTruthy();
    act(() => vi.advanceTimersByTime(60_000));
    expect(screen.queryByText('three')).toBeNull();
    expect(screen.getByText('error')).toBeTruthy();
    vi.useRealTimers();
  });
});
