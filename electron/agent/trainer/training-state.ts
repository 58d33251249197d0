import { err, ok, type Result } from '../../contract/result.ts';
import type { ModelFile } from './model-file.ts';

/** What a checkpoint carries beside the model, so that training goes on as if it had not stopped. */
export interface TrainingState {
  /** Mini-batches done. */
  readonly step: number;
  /** Weights of the network, then the state of the optimizer, in their own order. */
  readonly tensors: readonly { readonly shape: readonly number[]; readonly values: Float32Array }[];
}

const names = { index: 'training.json', values: 'training.bin' } as const;
const tensorsMaximum = 64;

/** Two files: an index, and all values as little-endian float32 one after the other. */
export function writeTrainingState({ step, tensors }: TrainingState): ModelFile[] {
  const index = { format: 'nacre-training/1', step, shapes: tensors.map(({ shape }) => shape) };
  const bytes = new Uint8Array(4 * tensors.reduce((sum, { values }) => sum + values.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { values } of tensors) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return [
    { name: names.index, bytes: new TextEncoder().encode(`${JSON.stringify(index)}\n`) },
    { name: names.values, bytes },
  ];
}

/** Errors: `damaged`, for a checkpoint that this trainer did not make. */
export function readTrainingState(files: readonly ModelFile[]): Result<TrainingState> {
  const index = files.find(({ name }) => name === names.index);
  const values = files.find(({ name }) => name === names.values);
  if (index === undefined || values === undefined) return damaged('it holds no training state');
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(index.bytes));
  } catch {
    return damaged('its index is not JSON');
  }
  const { format, step, shapes } = (parsed ?? {}) as Partial<Record<string, unknown>>;
  if (format !== 'nacre-training/1' || typeof step !== 'number' || !Number.isSafeInteger(step) || step < 1) {
    return damaged('its index is of another format');
  }
  if (!Array.isArray(shapes) || shapes.length > tensorsMaximum || !shapes.every(isShape)) {
    return damaged('its shapes are none');
  }
  const view = new DataView(values.bytes.buffer, values.bytes.byteOffset, values.bytes.byteLength);
  const tensors: { shape: readonly number[]; values: Float32Array }[] = [];
  let at = 0;
  for (const shape of shapes as number[][]) {
    const size = shape.reduce((product, side) => product * side, 1);
    if (at + 4 * size > view.byteLength) return damaged('its values end early');
    tensors.push({ shape, values: Float32Array.from({ length: size }, (_, i) => view.getFloat32(at + 4 * i, true)) });
    at += 4 * size;
  }
  return at === view.byteLength ? ok({ step, tensors }) : damaged('it has values over');
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.length <= 4 && shape.every((side) => Number.isSafeInteger(side) && side >= 0);
}

function damaged(why: string): Result<never> {
  return err('damaged', `The checkpoint cannot be gone on from: ${why}.`);
}
