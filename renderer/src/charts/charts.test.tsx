// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { AttestationLane, ChartCursor, describeLane, LossChart, MetricChart, type Lane } from './index.ts';

afterEach(cleanup);

const train = [
  { x: 0, y: 0.7, low: 0.65, high: 0.75 },
  { x: 10, y: 0.5, low: 0.45, high: 0.55 },
  { x: 20, y: null },
  { x: 30, y: 0.3, low: 0.28, high: 0.32 },
];
const lane = (simulated: boolean): Lane => ({
  node: 'local-01',
  simulated,
  note: '1:52 old',
  blocks: [
    { from: 0, until: 10, state: 'verified' },
    { from: 10, until: 20, state: 'verified' },
    { from: 20, until: 30, state: 'gap' },
    { from: 30, until: 30, state: 'lost' },
  ],
});

describe('charts', () => {
  it('say in words what they draw', () => {
    render(<LossChart train={train} xDomain={[0, 30]} gaps={[{ from: 10, until: 30 }]} log />);
    expect(screen.getByRole('slider').getAttribute('aria-label')).toBe(
      'Loss: loss by step, log scale. train 0.3000 at step 30. 1 gap.',
    );
  });

  it('share one cursor, moved by arrow keys over drawn points and never into a gap', () => {
    render(
      <ChartCursor>
        <LossChart train={train} xDomain={[0, 30]} />
        <MetricChart
          title="Accuracy"
          axis="accuracy"
          xKind="step"
          xDomain={[0, 30]}
          series={[
            {
              name: 'train',
              kind: 'line',
              points: [
                { x: 0, y: 0.5 },
                { x: 30, y: 0.9 },
              ],
            },
          ]}
        />
      </ChartCursor>,
    );
    const [loss, accuracy] = screen.getAllByRole('slider') as [HTMLElement, HTMLElement];
    fireEvent.keyDown(loss, { key: 'End' });
    expect(accuracy.getAttribute('aria-valuetext')).toBe('step 30, train 0.9000');
    fireEvent.keyDown(loss, { key: 'ArrowLeft' });
    expect(loss.getAttribute('aria-valuetext')).toBe('step 10, train 0.5000');
    fireEvent.keyDown(loss, { key: 'Escape' });
    expect(loss.getAttribute('aria-valuetext')).toBe('no cursor');
  });

  it('have a table view where a gap is called a gap', () => {
    render(<LossChart train={train} xDomain={[0, 30]} />);
    fireEvent.click(screen.getByRole('button', { name: 'As table' }));
    expect(screen.getByRole('table', { name: 'Loss, as a table' }).textContent).toContain('gap');
    expect(screen.getAllByRole('row')).toHaveLength(5);
  });

  it('do not claim a log axis without a value above zero', () => {
    render(<LossChart train={[{ x: 0, y: 0 }]} xDomain={[0, 1]} log />);
    expect(screen.getByRole('slider').getAttribute('aria-label')).not.toContain('log');
  });
});

describe('attestation lane', () => {
  it('gives the sheen to real hardware only', () => {
    const real = render(<AttestationLane lanes={[lane(false)]} xKind="step" xDomain={[0, 40]} />);
    const verified = real.container.querySelectorAll('[data-state=verified]');
    expect(verified).toHaveLength(2);
    expect([...verified].every((block) => block.getAttribute('data-simulated') === 'false')).toBe(true);
    real.unmount();
    const simulated = render(<AttestationLane lanes={[lane(true)]} xKind="step" xDomain={[0, 40]} />);
    expect(
      [...simulated.container.querySelectorAll('[data-state=verified]')].every(
        (block) => block.getAttribute('data-simulated') === 'true',
      ),
    ).toBe(true);
    expect(simulated.container.textContent).toContain('SIMULATED');
  });

  it('draws a gap as an empty block and says so', () => {
    const { container } = render(<AttestationLane lanes={[lane(true)]} xKind="step" xDomain={[0, 40]} />);
    expect(container.querySelectorAll('[data-state=gap]')).toHaveLength(1);
    expect(describeLane(lane(true))).toBe('local-01, SIMULATED: evidence verified 2 times, 1 gap, then lost, 1:52 old');
  });
});
