// Times the explorer's kernels beside the CPU backend of TensorFlow.js, in turns, in one process.
//
//   node explorer.js MODELS TFJS ROUNDS SCRIPT…
//
// with the folders of models as the page has them, and of TensorFlow.js, and the page's scripts.
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const [models, tfjs, rounds, ...scripts] = process.argv.slice(2);
for (const script of scripts) vm.runInThisContext(fs.readFileSync(script, "utf8"));
const KerasCNN = vm.runInThisContext("KerasCNN");
const tf = require(path.join(tfjs, "@tensorflow/tfjs-core"));
require(path.join(tfjs, "@tensorflow/tfjs-backend-cpu"));

const sizes = (node) => [1, ...node.shape];
const activated = (x, activation) => {
  if (!activation) return x;
  return activation.name === "softmax" ? tf.softmax(x) : tf[activation.name](x);
};

// The layers of these networks, as a user of TensorFlow.js writes them.
const layers = {
  Conv2D: ([x], { config, weights: { kernel, bias } }) => {
    const maps = tf.conv2d(x, kernel, config.strides, config.padding);
    return bias ? tf.add(maps, bias) : maps;
  },
  Dense: ([x], { weights: { kernel, bias } }) => tf.add(tf.matMul(x, kernel), bias),
  MaxPooling2D: ([x], { config: { pool_size, strides, padding } }) =>
    tf.maxPool(x, pool_size, strides, padding),
  BatchNormalization: ([x], { config: { epsilon }, weights: w }) =>
    tf.batchNorm(x, w.moving_mean, w.moving_variance, w.beta, w.gamma, epsilon),
  GlobalAveragePooling2D: ([x]) => tf.mean(x, [1, 2]),
  ZeroPadding2D: ([x], { config: { padding } }) => tf.pad(x, [[0, 0], ...padding, [0, 0]]),
  ZeroPaddingShortcut: ([x], node) => {
    const [, height, width, channels] = x.shape, [dy, dx] = node.config.strides;
    const fewer = tf.stridedSlice(x, [0, 0, 0, 0], [1, height, width, channels], [1, dy, dx, 1]);
    return tf.pad(fewer, [[0, 0], [0, 0], [0, 0], [0, node.shape[2] - channels]]);
  },
  Add: ([x, y]) => tf.add(x, y),
  Identity: ([x], node) => tf.reshape(x, sizes(node)), // Flatten, Activation
};

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
// The processor's milliseconds, which other work on the machine changes less than the clock's.
const timed = (milliseconds, run) => {
  const start = process.cpuUsage(), out = run(), { user, system } = process.cpuUsage(start);
  milliseconds.push((user + system) / 1000);
  return out;
};

async function compare(file) {
  const model = JSON.parse(fs.readFileSync(path.join(models, file)));
  const net = KerasCNN.load(model), shape = model.nodes[0].shape;
  const picture = Float32Array.from({ length: shape.reduce((a, b) => a * b) },
    (_, i) => Math.sin(i) ** 2);
  const arrays = net.arrays.map((values, i) => tf.tensor(values, model.arrays[i].shape));
  const nodes = model.nodes.map((node) => ({
    ...node,
    weights: Object.fromEntries(Object.entries(node.weights).map(([k, i]) => [k, arrays[i]])),
  }));
  const theirs = () => tf.tidy(() => {
    const values = [tf.tensor(picture, [1, ...shape])];
    for (const node of nodes.slice(1)) {
      const given = node.inputs.map((id) => values[id]);
      values.push(activated(layers[node.type](given, node), node.config.activation));
    }
    return values.at(-1).dataSync().slice();
  });
  const ours = () => net.forward([picture]).values.at(-1);
  const times = { ours: [], theirs: [] };
  for (let i = 0; i < 3; i++) [ours(), theirs()]; // warm
  for (let i = 0; i < Number(rounds); i++) {
    const mine = timed(times.ours, ours), other = timed(times.theirs, theirs);
    const far = mine.reduce((most, value, k) => Math.max(most, Math.abs(value - other[k])), 0);
    if (!(far < 1e-4)) throw new Error(`${file}: the answers differ by ${far}`);
  }
  const name = file.replace(".json", "");
  return { name, ours: median(times.ours), theirs: median(times.theirs) };
}

(async () => {
  await tf.setBackend("cpu");
  const results = [];
  for (const file of fs.readdirSync(models).sort()) results.push(await compare(file));
  console.log(JSON.stringify(results));
})();
