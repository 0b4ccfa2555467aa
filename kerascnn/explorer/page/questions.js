// What can be asked of a network: how a number came about, which filter matters for an answer, and
// where in a picture the answer comes from. `at` is the place of a pixel that is classified.
"use strict";

(() => {
  const { Network, viewOf } = KerasCNN;

  const largest = (values) => values.indexOf(values.reduce((a, b) => Math.max(a, b)));

  Object.assign(Network.prototype, {
    // The class with the highest score.
    predicted(run, output = 0) {
      return largest(this.scores(run, output));
    },

    // How many of some samples are classified correctly, 0 to 1.
    accuracy(samples, output = 0) {
      const right = samples.filter((sample) =>
        this.predicted(this.forward(sample.inputs), output) === sample.class);
      return right.length / samples.length;
    },

    // How the number at (y, x) of a map came about, or that of a unit; null for layers that are
    // neither sums nor a pooling.
    //   kind: "sum", "mean" or "max"; input: the node that it reads
    //   rows, columns, channels: what it sees of it, the padding too
    //   patch, kernel, products: for each row, column and channel; kernel is null in a pooling
    //   bias, sum: with the bias, before the activation; value: after it
    patch(id, { y = 0, x = 0, channel = 0 }, run) {
      const node = this.nodes[id], { kind, terms } = viewOf(node);
      if (!terms) return null;
      const [, width, depth] = node.shape.length === 3 ? node.shape : [1, 1, node.shape.at(-1)];
      const index = (y * width + x) * depth + channel, input = node.inputs[0];
      const given = run.values[input], { bias } = node.weights;
      const { from, weights, rows, columns, channels } = terms(node, index);
      const padding = kind === "max" ? -Infinity : 0;
      const patch = Float32Array.from(from, (place) => (place < 0 ? padding : given[place]));
      const sums = kind === "sum";
      return {
        kind, input, rows, columns, channels, patch,
        kernel: sums ? weights : null,
        products: sums ? patch.map((value, i) => value * weights[i]) : null,
        bias: bias ? bias[index % bias.length] : 0,
        sum: run.before[id][index],
        value: run.values[id][index],
        activation: node.config.activation?.name ?? null,
      };
    },

    // What a place of a node sees of each input: rows from top to bottom, columns from left to
    // right, the ends left out; beyond the border in the padding. null if it sees none.
    receptiveField(id, y, x) {
      const boxes = []; // of what is seen of each node
      boxes[id] = { top: y, left: x, bottom: y + 1, right: x + 1 };
      for (let at = id; at >= 0; at--) {
        const node = this.nodes[at];
        if (!boxes[at]) continue;
        node.inputs.forEach((to, k) => {
          const box = viewOf(node).reach(node, boxes[at], k), there = boxes[to];
          if (box) boxes[to] = !there ? box : {
            top: Math.min(there.top, box.top), left: Math.min(there.left, box.left),
            bottom: Math.max(there.bottom, box.bottom), right: Math.max(there.right, box.right),
          };
        });
      }
      const seen = this.model.inputs.filter(({ node }) => boxes[node]);
      return seen.length ? seen.map(({ node }) => ({ node, ...boxes[node] })) : null;
    },

    // How much the score of a class falls when each map of a node is switched off, the largest
    // fall first.
    ranking(run, id, unit, { output = 0, at = null } = {}) {
      const { changes } = this.nodes[id], before = this.scores(run, output, at)[unit];
      const ranked = Array.from({ length: this.nodes[id].shape.at(-1) }, (_, channel) => {
        this.nodes[id].changes = new Map(changes).set(channel, { factor: 0 });
        const without = this.forward(run.inputs, { after: run, changed: [id] });
        return { channel, fall: before - this.scores(without, output, at)[unit] };
      });
      this.nodes[id].changes = changes;
      return ranked.sort((a, b) => b.fall - a.fall);
    },

    // The largest slope of the score over the channels of each pixel (Simonyan et al. 2013).
    saliency(run, unit, { output = 0, input = 0, at = null } = {}) {
      const { node } = this.model.inputs[input], channels = this.nodes[node].shape.at(-1);
      const out = new Float32Array(run.inputs[input].length / channels);
      this.backward(run, unit, { output, at })[node]?.forEach((slope, i) => {
        const pixel = Math.floor(i / channels);
        out[pixel] = Math.max(out[pixel], Math.abs(slope));
      });
      return out;
    },

    // The maps of a node, weighted by the mean slope of the score (Selvaraju et al. 2017, Eq. 1, 2).
    gradCam(run, id, unit, { output = 0, at = null } = {}) {
      const maps = run.values[id], channels = this.nodes[id].shape.at(-1);
      const places = maps.length / channels, out = new Float32Array(places);
      const gradient = this.backward(run, unit, { output, at })[id];
      if (!gradient) return out;
      const alpha = new Float64Array(channels);
      gradient.forEach((slope, i) => { alpha[i % channels] += slope / places; });
      maps.forEach((value, i) => { out[Math.floor(i / channels)] += alpha[i % channels] * value; });
      return out.map((value) => Math.max(value, 0));
    },

    // How much the score of a class falls when a square covers each part of the picture (Zeiler &
    // Fergus 2013): for each pixel the mean over the squares that cover it. Yields the share that
    // is done after each square, so that a page can draw between them.
    *occluding(run, unit, { size, stride, fill = null, output = 0, input = 0, at = null } = {}) {
      const { node } = this.model.inputs[input], [height, width, channels] = this.nodes[node].shape;
      const picture = run.inputs[input], colour = fill ?? meanColour(picture, channels);
      const sides = [height, width].map((side) => size ?? Math.ceil(side / 8));
      const steps = sides.map((side) => stride ?? Math.max(side >> 1, 1));
      const [tops, lefts] = [starts(height, sides[0], steps[0]), starts(width, sides[1], steps[1])];
      const total = new Float32Array(height * width), cover = new Float32Array(height * width);
      const before = this.scores(run, output, at)[unit];
      let done = 0;
      for (const top of tops) {
        for (const left of lefts) {
          const covered = picture.slice(), inputs = [...run.inputs], pixels = [];
          for (let y = top; y < top + sides[0]; y++) {
            for (let x = left; x < left + sides[1]; x++) pixels.push(y * width + x);
          }
          for (const pixel of pixels) {
            for (let c = 0; c < channels; c++) covered[pixel * channels + c] = colour[c];
          }
          inputs[input] = covered;
          const fall = before - this.scores(this.forward(inputs), output, at)[unit];
          for (const pixel of pixels) {
            total[pixel] += fall;
            cover[pixel] += 1;
          }
          yield ++done / (tops.length * lefts.length);
        }
      }
      return total.map((value, i) => value / cover[i]);
    },

    occlusion(run, unit, options) {
      const steps = this.occluding(run, unit, options);
      for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
    },
  });

  function meanColour(picture, channels) {
    const out = new Float64Array(channels);
    picture.forEach((value, i) => { out[i % channels] += (value * channels) / picture.length; });
    return out;
  }

  // Where squares start along a side; the last one ends at the border.
  function starts(length, size, stride) {
    const out = [];
    for (let start = 0; start < length - size; start += stride) out.push(start);
    return [...out, length - size];
  }
})();
