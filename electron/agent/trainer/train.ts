import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { initializers, layers as tfLayers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import type { BuiltinProgram } from '../../contract/job.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { heldOutAccuracy, writeModel, type Layer, type Model, type ModelFile } from './model-file.ts';
import { seededRandom, shuffle } from './random.ts';
import { splitRows, type Split } from './split.ts';
import { readTable, type Table } from './table.ts';
import { readTrainingState, writeTrainingState, type TrainingState } from './training-state.ts';

/** Frames of step metrics a run sends at most; longer runs report every n-th step. */
const reportedSteps = 20_000;

export interface TrainingOutput {
  metric(step: number, epoch: number, values: Record<string, number>): void;
  checkpoint(step: number, files: ModelFile[]): void;
  log(line: string): void;
}

export interface TrainingResult {
  readonly files: ModelFile[];
  readonly accuracy: number;
  readonly heldOutRows: number;
  readonly epochs: number;
  readonly steps: number;
}

/**
 * The built-in trainer: softmax regression or a small multilayer perceptron on a CSV table, mini-batches, Adam.
 * Everything random comes from the seed, so two runs of one order give the same model.
 * @param resume files of a checkpoint of the same program on the same data: training goes on after its step.
 * Errors: `invalid_input` with the place in the data; `internal` when the loss is not finite; `damaged` for a checkpoint
 * that is none of this program.
 */
export async function train(
  csv: Uint8Array,
  program: BuiltinProgram,
  checkpointEverySteps: number,
  output: TrainingOutput,
  resume?: readonly ModelFile[],
): Promise<Result<TrainingResult>> {
  const table = readTable(csv, program.target);
  if (!table.ok) return table;
  const split = splitRows(table.value.labels, table.value.classes.length, program.heldOutShare, program.seed);
  if (!split.ok) return split;
  const scale = standardize(table.value, split.value.training);
  if (!scale.ok) return scale;
  const { rows, features, classes } = table.value;
  output.log(
    `${rows} rows, ${features.length} features, ${classes.length} classes; ${split.value.heldOut.length} rows held out`,
  );
  // Production mode: no advertisement for another back end on the console, no debugging checks.
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const training = new Training(table.value, split.value, scale.value, program);
  if (resume === undefined) return training.run(checkpointEverySteps, output, 0);
  const state = readTrainingState(resume);
  if (!state.ok) return state;
  const restored = await training.restore(state.value);
  if (!restored.ok) return restored;
  output.log(`goes on after step ${state.value.step} of a checkpoint`);
  return training.run(checkpointEverySteps, output, state.value.step);
}

interface Scale {
  readonly mean: Float64Array;
  readonly std: Float64Array;
}

/** Mean and population standard deviation over the training rows only: held-out rows must not leak into the model. */
function standardize(table: Table, training: readonly number[]): Result<Scale> {
  const width = table.features.length;
  const mean = new Float64Array(width);
  const std = new Float64Array(width);
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (const row of training) sum += table.values[row * width + column] ?? 0;
    const average = sum / training.length;
    let squares = 0;
    for (const row of training) squares += ((table.values[row * width + column] ?? 0) - average) ** 2;
    mean[column] = average;
    std[column] = Math.sqrt(squares / training.length);
    if (!Number.isFinite(std[column])) {
      return err('invalid_input', `Column ${JSON.stringify(table.features[column])} holds numbers too large to scale.`);
    }
  }
  return ok({ mean, std });
}

class Training {
  readonly #table: Table;
  readonly #split: Split;
  readonly #scale: Scale;
  readonly #program: BuiltinProgram;
  readonly #network: Sequential;
  readonly #optimizer: tf.AdamOptimizer;
  readonly #inputs: Float32Array;

  constructor(table: Table, split: Split, scale: Scale, program: BuiltinProgram) {
    this.#table = table;
    this.#split = split;
    this.#scale = scale;
    this.#program = program;
    this.#network = buildNetwork(table.features.length, program.hidden, table.classes.length, program.seed);
    this.#optimizer = tf.train.adam(program.learningRate);
    const width = table.features.length;
    this.#inputs = Float32Array.from(
      table.values,
      (value, at) => (value - (scale.mean[at % width] ?? 0)) / (scale.std[at % width] || 1),
    );
  }

  /** Takes over weights and optimizer of a checkpoint. Errors: `damaged` when its shapes are not those of this network. */
  async restore({ tensors }: TrainingState): Promise<Result<void>> {
    const own = this.#network.getWeights();
    const weights = tensors.slice(0, own.length);
    const fits = weights.every(({ shape }, i) => shape.join() === own[i]?.shape.join());
    if (weights.length !== own.length || !fits) {
      return err('damaged', 'The checkpoint cannot be gone on from: it is of another network.');
    }
    this.#network.setWeights(weights.map(toTensor));
    const optimizer = tensors.slice(own.length);
    // Adam: its counter, then two moments a weight.
    if (optimizer.length !== 1 + 2 * own.length) {
      return err('damaged', 'The checkpoint cannot be gone on from: the state of its optimizer is not whole.');
    }
    const labels = [...own.map((_, i) => `m${i}`), ...own.map((_, i) => `v${i}`)];
    await this.#optimizer.setWeights(
      optimizer.map((tensor, i) => ({ name: i === 0 ? 'iter' : (labels[i - 1] ?? ''), tensor: toTensor(tensor) })),
    );
    return ok(undefined);
  }

  async #state(step: number): Promise<TrainingState> {
    const optimizer = await this.#optimizer.getWeights();
    const all = [...this.#network.getWeights(), ...optimizer.map(({ tensor }) => tensor)];
    return {
      step,
      tensors: all.map((tensor) => ({ shape: tensor.shape, values: Float32Array.from(tensor.dataSync()) })),
    };
  }

  /** @param done mini-batches of an earlier attempt: they are shuffled past, not trained again */
  async run(checkpointEverySteps: number, output: TrainingOutput, done: number): Promise<Result<TrainingResult>> {
    const { epochs, batchSize, seed } = this.#program;
    const order = [...this.#split.training];
    const random = seededRandom(seed ^ 0x5bd1e995);
    const total = epochs * Math.ceil(order.length / batchSize);
    const every = Math.max(1, Math.ceil(total / reportedSteps));
    let step = 0;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      shuffle(order, random);
      for (let from = 0; from < order.length; from += batchSize) {
        if (step < done) {
          step += 1;
          continue;
        }
        const { loss, accuracy } = this.#trainBatch(order.slice(from, from + batchSize));
        step += 1;
        if (!Number.isFinite(loss)) {
          output.metric(step, epoch, { loss, accuracy });
          return err('internal', `The loss became ${loss} at step ${step}; try a smaller learning rate.`);
        }
        const validation = from + batchSize >= order.length ? this.#validate() : {};
        if (step % every === 0 || 'validation_loss' in validation) {
          output.metric(step, epoch, { loss, accuracy, ...validation });
        }
        if (step % checkpointEverySteps === 0 && step < total) {
          output.checkpoint(step, [...this.#export().files, ...writeTrainingState(await this.#state(step))]);
        }
      }
      // Lets messages out between epochs.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { files, accuracy } = this.#export();
    const heldOutRows = this.#split.heldOut.length;
    output.metric(step, epochs, { held_out_accuracy: accuracy });
    return ok({ files, accuracy, heldOutRows, epochs, steps: step });
  }

  #trainBatch(rows: readonly number[]): { loss: number; accuracy: number } {
    return tf.tidy(() => {
      const { x, y } = this.#batch(rows);
      let logits: tf.Tensor | undefined;
      const cost = this.#optimizer.minimize(() => {
        logits = this.#network.apply(x, { training: true }) as tf.Tensor;
        const loss = tf.losses.softmaxCrossEntropy(tf.oneHot(y, this.#table.classes.length), logits) as tf.Scalar;
        tf.keep(logits);
        return loss;
      }, true);
      const loss = cost?.dataSync()[0] ?? Number.NaN;
      const accuracy = logits === undefined ? Number.NaN : share(logits, y);
      logits?.dispose();
      return { loss, accuracy };
    });
  }

  #validate(): Record<string, number> {
    return tf.tidy(() => {
      const { x, y } = this.#batch(this.#split.heldOut);
      const logits = this.#network.apply(x) as tf.Tensor;
      const loss = tf.losses.softmaxCrossEntropy(tf.oneHot(y, this.#table.classes.length), logits);
      return { validation_loss: loss.dataSync()[0] ?? Number.NaN, validation_accuracy: share(logits, y) };
    });
  }

  #batch(rows: readonly number[]): { x: tf.Tensor2D; y: tf.Tensor1D } {
    const width = this.#table.features.length;
    const values = new Float32Array(rows.length * width);
    rows.forEach((row, at) => values.set(this.#inputs.subarray(row * width, (row + 1) * width), at * width));
    const labels = Int32Array.from(rows, (row) => this.#table.labels[row] ?? 0);
    return { x: tf.tensor2d(values, [rows.length, width]), y: tf.tensor1d(labels, 'int32') };
  }

  #export(): { files: ModelFile[]; accuracy: number } {
    const layers = this.#network.layers.map((layer, index): Layer => {
      const [kernel, bias] = layer.getWeights();
      const [inputs, outputs] = kernel?.shape ?? [];
      if (kernel === undefined || bias === undefined || inputs === undefined || outputs === undefined) {
        throw new Error('a dense layer without weights');
      }
      return {
        kernel: Float32Array.from(kernel.dataSync()),
        bias: Float32Array.from(bias.dataSync()),
        inputs,
        outputs,
        activation: index === this.#network.layers.length - 1 ? 'none' : 'relu',
      };
    });
    const { target } = this.#program;
    const { classes, features } = this.#table;
    const model: Model = { target, classes, features, ...this.#scale, heldOut: this.#split.heldOut, layers };
    const accuracy = heldOutAccuracy(model, this.#table);
    return { files: writeModel(model, accuracy), accuracy };
  }
}

function buildNetwork(inputs: number, hidden: readonly number[], classes: number, seed: number): Sequential {
  const network = sequential();
  [...hidden, classes].forEach((units, index) => {
    network.add(
      tfLayers.dense({
        units,
        ...(index === 0 ? { inputShape: [inputs] } : {}),
        activation: index === hidden.length ? 'linear' : 'relu',
        kernelInitializer: initializers.glorotUniform({ seed: seed + index }),
        biasInitializer: 'zeros',
      }),
    );
  });
  return network;
}

function toTensor({ shape, values }: TrainingState['tensors'][number]): tf.Tensor {
  return tf.tensor(values, [...shape]);
}

/** Share of rows whose largest logit is the label. */
function share(logits: tf.Tensor, labels: tf.Tensor1D): number {
  return tf.tidy(() => {
    const right = tf.equal(tf.argMax(logits, 1), labels);
    return tf.mean(tf.cast(right, 'float32')).dataSync()[0] ?? Number.NaN;
  });
}
