import type { Table } from './table.ts';

/** One dense layer: kernel row-major [inputs, outputs], bias [outputs]. */
export interface Layer {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: 'relu' | 'none';
}

export interface Model {
  readonly target: string;
  readonly classes: readonly string[];
  readonly features: readonly string[];
  readonly mean: Float64Array;
  /** 0 counts as 1: a column that never changes carries nothing. */
  readonly std: Float64Array;
  /** Row numbers that were never trained on, 0 = first data row. */
  readonly heldOut: readonly number[];
  readonly layers: readonly Layer[];
}

/** A file of a model or checkpoint folder. */
export interface ModelFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * `model.json` and `model.safetensors` (F32, little-endian, header padded to 8 bytes as the format asks).
 * https://github.com/huggingface/safetensors#format
 */
export function writeModel(model: Model, heldOutAccuracy: number): ModelFile[] {
  const tensors = model.layers.flatMap((layer, index) => [
    { name: `layers.${index}.kernel`, shape: [layer.inputs, layer.outputs], values: layer.kernel },
    { name: `layers.${index}.bias`, shape: [layer.outputs], values: layer.bias },
  ]);
  const description = {
    format: 'nacre-classifier/1',
    target: model.target,
    classes: model.classes,
    features: model.features,
    mean: [...model.mean],
    std: [...model.std],
    heldOut: model.heldOut,
    heldOutAccuracy,
    layers: model.layers.map((layer, index) => ({
      kernel: `layers.${index}.kernel`,
      bias: `layers.${index}.bias`,
      activation: layer.activation,
    })),
  };
  return [
    { name: 'model.json', bytes: encode(`${JSON.stringify(description, undefined, 1)}\n`) },
    { name: 'model.safetensors', bytes: writeSafetensors(tensors) },
  ];
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

function writeSafetensors(tensors: readonly Tensor[]): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: { format: 'nacre' } };
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.length * 4] };
    offset += values.length * 4;
  }
  const json = JSON.stringify(header);
  const head = encode(json.padEnd(Math.ceil(json.length / 8) * 8, ' '));
  const bytes = new Uint8Array(8 + head.length + offset);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  let at = 8 + head.length;
  for (const { values } of tensors) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return bytes;
}

/**
 * Accuracy on the held-out rows in double precision over the exported weights: the arithmetic of any reader of the
 * files, so that the reported figure is the one an independent program finds.
 */
export function heldOutAccuracy(model: Model, table: Table): number {
  const width = model.features.length;
  let good = 0;
  for (const row of model.heldOut) {
    let x = new Float64Array(width);
    for (let i = 0; i < width; i++) {
      x[i] = ((table.values[row * width + i] ?? 0) - (model.mean[i] ?? 0)) / (model.std[i] || 1);
    }
    for (const layer of model.layers) x = applyLayer(layer, x);
    if (x.indexOf(Math.max(...x)) === table.labels[row]) good += 1;
  }
  return good / model.heldOut.length;
}

function applyLayer(layer: Layer, x: Float64Array): Float64Array<ArrayBuffer> {
  const y = Float64Array.from(layer.bias);
  for (let i = 0; i < layer.inputs; i++) {
    const value = x[i] ?? 0;
    if (value === 0) continue;
    for (let j = 0; j < layer.outputs; j++) y[j] = (y[j] ?? 0) + value * (layer.kernel[i * layer.outputs + j] ?? 0);
  }
  return layer.activation === 'relu' ? y.map((value) => Math.max(0, value)) : y;
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
