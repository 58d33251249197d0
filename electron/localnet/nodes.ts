/** What is wrong with a node for good; `honest` nodes verify. */
type NodeMode = 'honest' | 'debug' | 'old-firmware' | 'other-measurement';

export interface NodeDefinition {
  readonly name: string;
  readonly mode: NodeMode;
  readonly region: string;
  readonly city: string;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly gpuModel: 'H100' | 'H200';
  readonly gpuCount: number;
  readonly gpuMemoryGib: number;
  readonly usdPerHour: number;
  readonly uploadMbps: number;
  readonly transferUsdPerGb: number;
}

/**
 * The six SIMULATED nodes. Places are real cities, prices and speeds are invented in the range that markets asked for
 * such GPUs in 2026. The three that are not honest cost least, so that a designer who sorts by price meets them first.
 */
export const nodeDefinitions: readonly NodeDefinition[] = [
  {
    name: 'frankfurt-h100',
    mode: 'honest',
    region: 'eu-central',
    city: 'Frankfurt',
    country: 'DE',
    latitude: 50.11,
    longitude: 8.68,
    gpuModel: 'H100',
    gpuCount: 1,
    gpuMemoryGib: 80,
    usdPerHour: 2.85,
    uploadMbps: 900,
    transferUsdPerGb: 0.01,
  },
  {
    name: 'virginia-h200',
    mode: 'honest',
    region: 'us-east',
    city: 'Ashburn',
    country: 'US',
    latitude: 39.04,
    longitude: -77.49,
    gpuModel: 'H200',
    gpuCount: 2,
    gpuMemoryGib: 141,
    usdPerHour: 6.9,
    uploadMbps: 2000,
    transferUsdPerGb: 0.02,
  },
  {
    name: 'singapore-h100',
    mode: 'honest',
    region: 'ap-southeast',
    city: 'Singapore',
    country: 'SG',
    latitude: 1.35,
    longitude: 103.82,
    gpuModel: 'H100',
    gpuCount: 1,
    gpuMemoryGib: 80,
    usdPerHour: 3.1,
    uploadMbps: 600,
    transferUsdPerGb: 0.05,
  },
  {
    name: 'saopaulo-h100',
    mode: 'debug',
    region: 'sa-east',
    city: 'São Paulo',
    country: 'BR',
    latitude: -23.55,
    longitude: -46.63,
    gpuModel: 'H100',
    gpuCount: 1,
    gpuMemoryGib: 80,
    usdPerHour: 1.95,
    uploadMbps: 400,
    transferUsdPerGb: 0.01,
  },
  {
    name: 'helsinki-h200',
    mode: 'old-firmware',
    region: 'eu-north',
    city: 'Helsinki',
    country: 'FI',
    latitude: 60.17,
    longitude: 24.94,
    gpuModel: 'H200',
    gpuCount: 1,
    gpuMemoryGib: 141,
    usdPerHour: 2.4,
    uploadMbps: 1200,
    transferUsdPerGb: 0.08,
  },
  {
    name: 'tokyo-h100',
    mode: 'other-measurement',
    region: 'ap-northeast',
    city: 'Tokyo',
    country: 'JP',
    latitude: 35.68,
    longitude: 139.69,
    gpuModel: 'H100',
    gpuCount: 1,
    gpuMemoryGib: 80,
    usdPerHour: 2.2,
    uploadMbps: 800,
    transferUsdPerGb: 0.03,
  },
];
