// The output of LeNet-5, and the cells of the neocognitron.
"use strict";

(() => {
  const { zeros, like, product, gathered, scattered, windows, convolved, convolvedBack,
    mapByMap, mapByMapBack } = KerasCNN;

  // The negative squared distance to the code of each class (LeCun et al. 1998, Equation 7).
  const rbf = {
    forward([x], { shape, weights: { centres } }) {
      const n = x.length;
      return zeros(shape).map((_, k) =>
        -x.reduce((sum, value, j) => sum + (value - centres[k * n + j]) ** 2, 0));
    },
    backward([x], { weights: { centres } }, gradient) {
      const n = x.length;
      return [x.map((value, j) =>
        gradient.reduce((sum, g, k) => sum - 2 * g * (value - centres[k * n + j]), 0))];
    },
  };

  // u_S = r · φ[(1 + Σ a·u) / (1 + 2r / (1 + r) · b·v) − 1], v = √(Σ c·u²)   (Fukushima 1980)
  const sCells = {
    parts([u], node) {
      const { a, b, c } = node.weights, { selectivity: r, epsilon } = node.config;
      const planes = node.shape[2], e = convolved([u], node, a);
      const patches = gathered(u.map((v) => v * v), windows(node));
      const v = product(patches, c, c.length, 1, new Float32Array(e.length / planes))
        .map((power) => Math.sqrt(power + epsilon));
      const h = e.map((_, i) => ((2 * r) / (1 + r)) * b[i % planes] * v[Math.floor(i / planes)]);
      return { e, v, h, planes, r };
    },
    forward(inputs, node) {
      const { e, h, r } = this.parts(inputs, node);
      return e.map((value, i) => r * Math.max((1 + value) / (1 + h[i]) - 1, 0));
    },
    backward([u], node, gradient, output) {
      const { e, v, h, planes, r } = this.parts([u], node), { a, c } = node.weights;
      const g = gradient.map((value, i) => (output[i] > 0 ? (r * value) / (1 + h[i]) : 0));
      const out = convolvedBack([u], node, g, a);
      const ofPower = like(v); // d h / d power = h / (2 v²)
      g.forEach((value, i) => {
        const at = Math.floor(i / planes);
        ofPower[at] -= (value * (1 + e[i]) * h[i]) / ((1 + h[i]) * 2 * v[at] ** 2);
      });
      const patches = new Float32Array(v.length * c.length);
      scattered(product(ofPower, c, 1, c.length, patches), windows(node), like(u))
        .forEach((slope, i) => { out[i] += slope * 2 * u[i]; });
      return [out];
    },
  };

  // u_C = ψ[(1 + e) / (1 + mean e) − 1], e = Σ d·u_S, ψ[x] = φ[x] / (α + φ[x])   (Fukushima 1980)
  const cCells = {
    parts(inputs, node) {
      const planes = node.shape[2], e = mapByMap(inputs[0], node, node.weights.d, planes);
      const inhibition = new Float32Array(e.length / planes);
      e.forEach((value, i) => { inhibition[Math.floor(i / planes)] += value / planes; });
      const at = (i) => 1 + inhibition[Math.floor(i / planes)];
      return { e, at, planes, x: e.map((value, i) => Math.max((1 + value) / at(i) - 1, 0)) };
    },
    forward(inputs, node) {
      const { saturation } = node.config;
      return this.parts(inputs, node).x.map((x) => x / (saturation + x));
    },
    backward(inputs, node, gradient) {
      const { e, at, planes, x } = this.parts(inputs, node), { saturation } = node.config;
      const g = gradient.map((value, i) =>
        (x[i] > 0 ? (value * saturation) / (saturation + x[i]) ** 2 / at(i) : 0));
      const shared = new Float32Array(e.length / planes);
      g.forEach((value, i) => {
        shared[Math.floor(i / planes)] += (value * (1 + e[i])) / at(i) / planes;
      });
      const ofE = g.map((value, i) => value - shared[Math.floor(i / planes)]);
      return [mapByMapBack(inputs[0], node, ofE, node.weights.d, planes)];
    },
  };

  Object.assign(KerasCNN.layers, {
    RBFOutput: rbf,
    SCells: sCells,
    CCells: cCells,
  });
})();
