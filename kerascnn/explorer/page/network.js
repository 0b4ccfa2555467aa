// A network as the page holds it: its weights, the walk through its graph, and what can be asked.
//
//   const net = KerasCNN.load(model);          // the page's data, see kerascnn/explorer/_graph.py
//   const run = net.forward([pixels]);         // run.values[id]: what each node gives
//   const slopes = net.backward(run, unit);    // of the score of a unit, by each node's values
"use strict";

(() => {
  const { layers, activations } = KerasCNN;

  // ------------------------------------------------------------------------------------- numbers

  function bytes(base64) {
    const text = atob(base64), out = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
    return out.buffer;
  }

  function fromHalf(bits) {
    const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  // Whole numbers are steps of a size of their own for each index of the last axis.
  function decoded({ type, data, scale }) {
    const raw = bytes(data);
    if (type === "float32") return new Float32Array(raw);
    if (type === "float16") return Float32Array.from(new Uint16Array(raw), fromHalf);
    const steps = type === "int8" ? new Int8Array(raw) : new Int16Array(raw);
    return Float32Array.from(steps, (step, i) => step * scale[i % scale.length]);
  }

  // --------------------------------------------------------------------------------- the network

  class Network {
    constructor(model) {
      this.model = model;
      this.nodes = model.nodes.map((node) => ({
        ...node,
        inputShapes: node.inputs.map((id) => model.nodes[id].shape),
        weights: {},
      }));
      this.last = model.arrays.map(decoded); // the weights at the end of the training
      this.arrays = this.last;
      this.restore();
    }

    // The weights as exported, or of a checkpoint, without any change by hand.
    restore(checkpoint = null) {
      const { checkpoints } = this.model;
      const differences = checkpoint === null ? {} : checkpoints[checkpoint].arrays;
      this.arrays = this.last.map((array, i) => {
        if (!(i in differences)) return array.slice();
        const difference = decoded(differences[i]);
        return array.map((value, k) => value + difference[k]);
      });
      this.changes = new Map(); // of maps: node id -> (channel -> what is done to it)
      for (const node of this.nodes) {
        for (const [name, index] of Object.entries(this.model.nodes[node.id].weights)) {
          node.weights[name] = this.arrays[index];
        }
      }
    }

    // ------------------------------------------------------------------------------------ forward

    // What each node gives: `values` by node id, and `before`, the same before its activation.
    // `stopAt` is the last node of interest.
    forward(inputs, { stopAt = this.nodes.length - 1 } = {}) {
      const run = { values: [], before: [] };
      this.model.inputs.forEach(({ node }, i) => { run.values[node] = inputs[i]; });
      for (const node of this.nodes.slice(0, stopAt + 1)) {
        if (node.type !== "InputLayer") this.compute(node, run);
        this.change(node, run.values[node.id]);
      }
      return run;
    }

    compute(node, run) {
      const given = node.inputs.map((id) => run.values[id]);
      const out = layers[node.type].forward(given, node);
      const { activation } = node.config;
      run.before[node.id] = out;
      run.values[node.id] = activation ? activations[activation].forward(out, node.shape) : out;
    }

    change(node, values) {
      const changes = this.changes.get(node.id);
      if (!changes) return;
      const channels = node.shape[node.shape.length - 1];
      for (const [channel, factor] of changes) {
        for (let i = channel; i < values.length; i += channels) values[i] *= factor;
      }
    }

    // Switch a map off, or multiply it with another factor.
    ablate(id, channel, factor = 0) {
      if (!this.changes.has(id)) this.changes.set(id, new Map());
      this.changes.get(id).set(channel, factor);
    }
  }

  KerasCNN.load = (model) => new Network(model);
  KerasCNN.decoded = decoded;
})();
