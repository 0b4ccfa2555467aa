// What the samples tell: how many are answered rightly, and which of them excite a map most.
"use strict";
const STRONGEST = 6;
const breath = () => new Promise((done) => { setTimeout(done, 0); });

/** Run the network on each sample, without keeping the page from drawing; null if it has changed. */
async function onSamples(ask, stopAt, isStale) {
  const found = [];
  for (const sample of samples) {
    found.push(ask(net.forward(sample.inputs, { stopAt }), sample));
    await breath();
    if (isStale()) return null;
  }
  return found;
}

// -- accuracy --------------------------------------------------------------------------------------------

let accuracy = null; // {right, count} of the network as it is
const unchanged = new Map(); // the same without edits, by checkpoint
let asked = 0;

async function measure() {
  const mine = ++asked;
  // The labels are classes of the first output.
  const isAsked = state.output === 0 && isClassifier() && !isNumbers() && samples.some((one) => Number.isInteger(one.klass));
  if (!isAsked) {
    accuracy = null;
    return drawAccuracy();
  }
  const known = samples.filter((one) => Number.isInteger(one.klass)).length;
  const isRight = (run, sample) => Number(sample.klass === predicted(run.values));
  const found = await onSamples(isRight, undefined, () => mine !== asked);
  if (!found) return undefined;
  accuracy = { right: found.reduce((a, b) => a + b, 0), count: known };
  if (!isEdited()) unchanged.set(state.checkpoint, accuracy);
  drawAccuracy();
  return tell("accuracy");
}

function drawAccuracy() {
  find("#accuracy").textContent = accuracy ? say("accuracyIs", accuracy) : "";
}

// -- the strongest samples of a map -----------------------------------------------------------------------

let looking = 0;

async function drawStrongest() {
  const mine = ++looking;
  const { node, map } = state;
  find("#strongest").hidden = !samples.length || !node || isInput(node);
  if (find("#strongest").hidden || find("#view-layer").hidden) return;
  const peak = ({ values }, sample) => {
    const one = mapOf(node, map, values);
    const at = one.reduce((best, value, i) => (value > one[best] ? i : best), 0);
    return { sample, at, value: one[at] };
  };
  const found = await onSamples(peak, node.id, () => mine !== looking);
  if (!found) return;
  const [, width] = volumeOf(node.shape);
  const best = found.sort((a, b) => b.value - a.value).slice(0, STRONGEST);
  find("#strongest div").replaceChildren(...best.map((one) => {
    const [y, x] = [Math.floor(one.at / width), one.at % width];
    return make("button", {
      type: "button",
      onclick: () => {
        chooseSample(samples.indexOf(one.sample));
        select(node, map, y, x);
      },
    }, framed(one.sample, net.receptiveField(node.id, y, x)?.find((seen) => seen.node === inputNode().id)), data(one.value));
  }));
}

/** A sample's picture, with the receptive field of a value outlined. */
function framed(sample, seen) {
  const picture = pictureOf(sample);
  const box = make("span", { class: "picture" }, picture?.cloneNode() ?? sample.label ?? "");
  if (!seen || !picture) return box;
  const [height, width] = volumeOf(inputNode().shape);
  const part = (value, size) => `${(100 * Math.min(size, Math.max(0, value))) / size}%`;
  const window = make("span", { class: "window" });
  window.style.left = part(seen.left, width);
  window.style.top = part(seen.top, height);
  window.style.right = part(width - seen.right, width);
  window.style.bottom = part(height - seen.bottom, height);
  box.append(window);
  return box;
}

let strongestTimer = null;
function strongestLater() {
  clearTimeout(strongestTimer);
  strongestTimer = setTimeout(drawStrongest, 150);
}

let lastMap = "";
on("selected", () => {
  const now = `${state.node.id} ${state.map}`;
  if (now !== lastMap) strongestLater(); // not with each position of the window
  lastMap = now;
});
for (const what of ["network", "tab", "language"]) on(what, strongestLater);
on("network", measure);
on("output", measure);
on("language", drawAccuracy);
