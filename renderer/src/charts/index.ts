/** Drawings of series that the core has already downsampled. They know nothing of hosts, state or features. */
export { type LaneNode } from './AttestationLane.tsx';
export { Sparkline } from './Sparkline.tsx';
export { TrainingCharts } from './TrainingCharts.tsx';
