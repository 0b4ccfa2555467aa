// The network on this page: its inputs, what has been changed in it, and the values of all layers.
"use strict";
const net = KerasCNN.load(model);
const nodes = new Map(model.nodes.map((node) => [node.id, node]));
const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);
/** Filters that are off (by node, channel), maps that are held, numbers of arrays (by place). */
const noEdits = () => ({ off: {}, frozen: {}, numbers: {} });

const state = {
  inputs: model.inputs.map((one) => new Float32Array(sizeOf(nodes.get(one.node).shape))),
  input: 0, // which of the inputs is drawn
  run: null, // what `forward` gave: `values` of all nodes by their ids, and `before` activations
  values: null,
  checkpoint: null, // index, or null for the trained network
  output: 0, // which of the outputs is explained
  target: null, // the class that is explained; null for the predicted one
  pixel: null, // {y, x} of an output that classifies pixels; null for the one in the middle
  node: null, map: 0, y: 0, x: 0, // the value that is looked at
  edits: noEdits(),
};

const output = () => model.outputs[state.output];
const input = () => model.inputs[state.input];
const inputNode = () => nodes.get(input().node);
const isVector = (shape) => sizeOf(shape) === shape[shape.length - 1];
const labelOf = (node) => node.name;
/** Whether an output has numbers that are no scores of classes, such as those of a regression. */
function isNumbers(one = output()) {
  const { shape } = nodes.get(one.node);
  if (!isVector(shape) || isProbability(one) || one.classes) return false;
  return sizeOf(shape) === 1 || one !== model.outputs[0]; // the first are logits
}
const classText = (one, klass) => one.classes?.[klass] ?? (isNumbers(one) ? numberText(one, klass) : String(klass));
const numberText = (one, nth) => (sizeOf(nodes.get(one.node).shape) === 1 ? one.name : `${one.name}[${nth}]`);

/** The pixel that is looked at, of an output that classifies pixels. */
function pixel(one = output()) {
  const [height, width] = volumeOf(nodes.get(one.node).shape);
  return state.pixel ?? { y: height >> 1, x: width >> 1 };
}
/** Its place in the output's maps; null where the output as a whole is classified. */
function pixelPlace(one = output()) {
  if (!one.pixels) return null;
  const { y, x } = pixel(one);
  return y * volumeOf(nodes.get(one.node).shape)[1] + x;
}

/** The scores of an output for the classes: a single sigmoid is that of the second of two. */
function scoresOf(values, one = output()) {
  const [place, units] = [pixelPlace(one), nodes.get(one.node).shape.at(-1)];
  const scores = place === null ? values[one.node] : values[one.node].subarray(place * units, (place + 1) * units);
  if (scores.length > 1 || one.activation !== "sigmoid") return scores;
  return Float32Array.of(1 - scores[0], scores[0]);
}
/** Whether an output has scores of classes, rather than maps. */
const isClassifier = (one = output()) => isVector(nodes.get(one.node).shape);
/** Whether it has scores of classes for the picture or for each pixel. */
const hasClasses = (one = output()) => isClassifier(one) || one.pixels;
const isProbability = (one) => ["softmax", "sigmoid"].includes(one.activation);

/** The class with the highest score; of numbers the one that is explained. */
function best(scores, one = output()) {
  if (isNumbers(one)) return Math.min(state.target ?? 0, scores.length - 1);
  return scores.reduce((highest, score, i) => (score > scores[highest] ? i : highest), 0);
}
const predicted = (values = state.values, one = output()) => best(scoresOf(values, one), one);
const target = () => Math.min(state.target ?? predicted(), scoresOf(state.values).length - 1);

// -- compute, at most once per frame --------------------------------------------------------------

let waiting = false;
let began = 0; // when the first of the changes that wait was made
const times = []; // milliseconds from a change to the picture, the last ones

function changed(since = performance.now()) {
  if (waiting) return;
  [waiting, began] = [true, since];
  requestAnimationFrame(recompute);
}

function recompute() {
  waiting = false;
  state.run = net.forward(state.inputs);
  state.values = state.run.values;
  tell("values");
  times.push(performance.now() - began);
  if (times.length > 500) times.shift();
}

function setInput(values, since) {
  state.inputs[state.input].set(values);
  changed(since);
}

// -- changes to the network, and how to take them back ----------------------------------------------

const earlier = []; // edits, to be taken back to
const copyEdits = (edits) => structuredClone(edits);

/** Change the edits by a function; `undo` takes it back. */
function edit(change) {
  earlier.push(copyEdits(state.edits));
  change(state.edits);
  useEdits();
}
function undo() {
  if (!earlier.length) return;
  state.edits = earlier.pop();
  useEdits();
}
const isEdited = () => Object.values(state.edits).some((part) =>
  Object.values(part).some((held) => Object.keys(held).length > 0));
function restoreAll() {
  if (isEdited()) edit((edits) => Object.assign(edits, noEdits()));
}

/** Bring the weights of the epoch and the edits into the network. */
function applyEdits({ off, frozen, numbers } = state.edits) {
  net.restore(state.checkpoint);
  const each = (part, then) => {
    for (const [id, held] of Object.entries(part)) {
      for (const [key, value] of Object.entries(held)) then(Number(id), Number(key), value);
    }
  };
  each(off, (id, channel) => net.ablate(id, channel));
  each(frozen, (id, channel, values) => net.freeze(id, channel, values));
  each(numbers, (array, place, value) => { net.arrays[array][place] = value; });
}

function useEdits() {
  applyEdits();
  tell("network");
  changed();
}

/** Show the weights of an epoch; null for the trained network. */
function setCheckpoint(index) {
  state.checkpoint = index;
  useEdits();
}

// -- what is looked at -----------------------------------------------------------------------------

function select(node, map = 0, y = null, x = null) {
  const [height, width, channels] = volumeOf(node.shape);
  const within = (value, size) => Math.min(Math.max(Math.trunc(value) || 0, 0), size - 1);
  Object.assign(state, {
    node,
    map: within(map, channels),
    y: within(y ?? height / 2, height),
    x: within(x ?? width / 2, width),
  });
  tell("selected");
}

/** The value at a place of a node's output. */
function valueAt(node, map, y, x, values = state.values) {
  const [, width, channels] = volumeOf(node.shape);
  return values[node.id][(y * width + x) * channels + map];
}
/** One map of a node's output. */
function mapOf(node, map, values = state.values) {
  const [height, width, channels] = volumeOf(node.shape);
  return Float32Array.from({ length: height * width }, (_, i) => values[node.id][i * channels + map]);
}
