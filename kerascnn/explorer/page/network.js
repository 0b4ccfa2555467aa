// A network as the page holds it: its weights, the walk through its graph, and changes by hand.
//
//   const net = KerasCNN.load(model);       // the page's data; see kerascnn/explorer/_graph.py
//   const run = net.forward([pixels]);      // run.values[id]: what each node gives
//   const slopes = net.backward(run, 7);    // of the score of class 7, by the values of each node
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

  // Whole numbers are steps; the scale has their size for each index of the last axis.
  function decoded({ type, data, scale }) {
    const raw = bytes(data);
    if (type === "float32") return new Float32Array(raw);
    if (type === "float16") return Float32Array.from(new Uint16Array(raw), fromHalf);
    const steps = type === "int8" ? new Int8Array(raw) : new Int16Array(raw);
    const sizes = new Float32Array(bytes(scale));
    return Float32Array.from(steps, (step, i) => step * sizes[i % sizes.length]);
  }

  // --------------------------------------------------------------------------------- the network

  class Network {
    constructor(model) {
      this.model = model;
      this.nodes = model.nodes.map((node) => ({
        ...node, inputShapes: node.inputs.map((id) => model.nodes[id].shape),
      }));
      this.last = model.arrays.map(decoded); // the weights at the end of the training
      this.restore();
    }

    // ------------------------------------------------------------------------------------ changes

    // Take the weights of a checkpoint, or with null those at the end, without changes by hand.
    // A number of `arrays` may be overwritten by hand.
    restore(checkpoint = null) {
      const differences = checkpoint === null ? {} : this.model.checkpoints[checkpoint].arrays;
      this.arrays = this.last.map((array, i) => {
        if (!(i in differences)) return array.slice();
        const difference = decoded(differences[i]);
        return array.map((value, k) => value + difference[k]);
      });
      for (const node of this.nodes) {
        const named = Object.entries(this.model.nodes[node.id].weights);
        node.weights = Object.fromEntries(named.map(([name, i]) => [name, this.arrays[i]]));
        node.changes = new Map(); // of its maps or units: channel -> { factor } or { values }
      }
    }

    // Switch a map or unit off, or multiply it with another factor.
    ablate(id, channel, factor = 0) {
      this.nodes[id].changes.set(channel, { factor });
    }

    // Hold a map at some values, whatever comes before it.
    freeze(id, channel, values) {
      this.nodes[id].changes.set(channel, { factor: 0, values });
    }

    // ------------------------------------------------------------------------------------ forward

    // What each node gives: `values` by node id, and `before`, the same before its activation.
    //   stopAt: the last node to compute
    //   after, changed: a run of the same inputs, and the nodes that give something else now; only
    //     they and what follows them are computed
    forward(inputs, { stopAt = this.nodes.length - 1, after = null, changed = [] } = {}) {
      const run = { inputs, values: [], before: [] }, anew = new Set(changed);
      this.model.inputs.forEach(({ node }, i) => { run.values[node] = inputs[i]; });
      for (const node of this.nodes.slice(0, stopAt + 1)) {
        if (after && !anew.has(node.id) && !node.inputs.some((id) => anew.has(id))) {
          run.values[node.id] = after.values[node.id];
          run.before[node.id] = after.before[node.id];
          continue;
        }
        anew.add(node.id);
        if (node.type !== "InputLayer") {
          const given = node.inputs.map((id) => run.values[id]), { activation } = node.config;
          const out = layers[node.type].forward(given, node);
          run.before[node.id] = out;
          run.values[node.id] = activation
            ? activations[activation.name].forward(out, node.shape, activation) : out;
        }
        run.values[node.id] = this.changed(node, run.values[node.id]);
      }
      return run;
    }

    // The values of a node after the changes of its maps.
    changed(node, values) {
      if (!node.changes.size) return values;
      const out = values.slice(), channels = node.shape.at(-1);
      for (const [channel, { factor, values: held }] of node.changes) {
        for (let i = channel, k = 0; i < out.length; i += channels, k++) {
          out[i] = held ? held[k] : out[i] * factor;
        }
      }
      return out;
    }

    // The score of each class: its logit, or what the output gives where there is none; of maps
    // at the place that `at` counts, or the mean over all. One sigmoid has two classes.
    scores(run, output = 0, at = null) {
      const { node, head, activation } = this.model.outputs[output];
      const logits = head === null ? run.values[node] : run.before[head];
      const classes = this.nodes[head ?? node].shape.at(-1), places = logits.length / classes;
      let out = new Float32Array(classes);
      if (at !== null) out = logits.slice(at * classes, (at + 1) * classes);
      else logits.forEach((value, i) => { out[i % classes] += value / places; });
      return classes === 1 && activation === "sigmoid" ? Float32Array.of(-out[0], out[0]) : out;
    }

    // ----------------------------------------------------------------------------------- backward

    // The gradient of the score of a class by the values of each node that it depends on.
    backward(run, unit, { output = 0, at = null } = {}) {
      const { node, head, activation } = this.model.outputs[output];
      const last = this.nodes[head ?? node], classes = last.shape.at(-1);
      const binary = classes === 1 && activation === "sigmoid";
      const seed = new Float32Array(run.values[last.id].length), places = seed.length / classes;
      const [first, sign] = [binary ? 0 : unit, binary && unit === 0 ? -1 : 1];
      if (at !== null) seed[at * classes + first] = sign;
      else for (let i = first; i < seed.length; i += classes) seed[i] = sign / places;
      const gradients = [];
      const pass = (to, gradient) => {
        const there = gradients[to];
        if (!there) gradients[to] = gradient.slice();
        else for (let i = 0; i < there.length; i++) there[i] += gradient[i];
      };
      if (head === null) pass(node, seed);
      else this.through(last, run, seed, pass);
      for (let id = head === null ? node : head - 1; id >= 0; id--) {
        const at = this.nodes[id];
        if (!gradients[id] || at.type === "InputLayer") continue;
        const { activation: own } = at.config, gradient = this.unchanged(at, gradients[id]);
        this.through(at, run, own
          ? activations[own.name].backward(run.before[id], gradient, at.shape, own)
          : gradient, pass);
      }
      return gradients;
    }

    through(node, run, gradient, pass) {
      const given = node.inputs.map((id) => run.values[id]);
      const parts = layers[node.type].backward(given, node, gradient, run.before[node.id]);
      node.inputs.forEach((id, k) => { if (parts[k]) pass(id, parts[k]); });
    }

    // The gradient of its values before these changes.
    unchanged(node, gradient) {
      if (!node.changes.size) return gradient;
      const out = gradient.slice(), channels = node.shape.at(-1);
      for (const [channel, { factor }] of node.changes) {
        for (let i = channel; i < out.length; i += channels) out[i] *= factor;
      }
      return out;
    }
  }

  KerasCNN.Network = Network;
  KerasCNN.load = (model) => new Network(model);
})();
