/** Charts. They know nothing of hosts, state or features; data comes downsampled from the core. */
export { AttestationLane, describeLane, type Lane, type LaneBlock } from './AttestationLane.tsx';
export { ChartCursor } from './cursor.tsx';
export { LossChart, type LossChartProps } from './LossChart.tsx';
export type { ChartSeries } from './chart-model.ts';
export { MetricChart, type MetricChartProps } from './MetricChart.tsx';
export { Multiples, type MultipleColumn, type MultipleRow } from './Multiples.tsx';
export type { Point } from './scale.ts';
