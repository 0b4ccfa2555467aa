// Surgery: filters off, maps held, numbers of a kernel changed, and what that does.
"use strict";
const EDITABLE = 121; // numbers of a kernel
const RANKED = 10; // filters that are listed
let ranking = null; // {node, answer, score, found: [{channel, fall, without}]}

const channelsOf = (node) => volumeOf(node.shape)[2];
const isOff = (node, channel) => Boolean(state.edits.off[node.id]?.[channel]);
const isHeld = (node, channel) => Boolean(state.edits.frozen[node.id]?.[channel]);

/** Put an entry into a part of the edits, or take it out. */
function toggle(part, id, key, value) {
  edit((edits) => {
    const held = (edits[part][id] ??= {});
    if (value === undefined) delete held[key];
    else held[key] = value;
    if (!Object.keys(held).length) delete edits[part][id];
  });
}

function switchFilter(node, channel, turnOn) {
  toggle("off", node.id, channel, turnOn ? undefined : true);
}
function hold(node, channel, isOn) {
  toggle("frozen", node.id, channel, isOn ? mapOf(node, channel) : undefined);
}

// -- the maps of the layer ------------------------------------------------------------------------------

let switchesOf = null;

function drawSwitches() {
  const { node } = state;
  if (switchesOf !== `${node.id} ${root.lang}`) {
    find("#switches").replaceChildren(...Array.from({ length: channelsOf(node) }, (_, channel) => makeSwitch(node, channel)));
    switchesOf = `${node.id} ${root.lang}`;
  }
  all("#switches > div").forEach((row, channel) => {
    const [on_, held] = all("input", row);
    [on_.checked, held.checked] = [!isOff(node, channel), isHeld(node, channel)];
    row.classList.toggle("chosen", channel === state.map);
  });
}

function makeSwitch(node, channel) {
  const box = (key, change) => make("label", {}, make("input", {
    type: "checkbox",
    "aria-label": `${say(key)}: ${say("map")} ${channel}`,
    onchange: (event) => change(node, channel, event.target.checked),
  }), say(key));
  return make("div", {},
    make("button", { type: "button", "aria-label": `${say("map")} ${channel}`, onclick: () => select(node, channel, state.y, state.x) }, String(channel)),
    box("on", switchFilter), box("hold", hold));
}

// -- the numbers of a kernel -------------------------------------------------------------------------------

/** Where the kernel of a map lies in its array, and how: null where it cannot be edited by hand. */
function kernelPlan(node, map) {
  const array = node.weights.kernel;
  if (array === undefined) return null;
  const { shape } = model.arrays[array];
  if (node.type === "Conv2D" && shape.length === 4) {
    const [tall, wide, depth, channels] = shape;
    return { array, tall, wide, depth, place: (i, channel) => (i * depth + channel) * channels + map };
  }
  if (node.type === "DepthwiseConv2D") {
    const [tall, wide, depth, times_] = shape;
    return { array, tall, wide, depth: 1, place: (i) => i * depth * times_ + map };
  }
  if (node.type === "Dense" && shape[0] <= EDITABLE) {
    const wide = Math.min(FACTORS, shape[0]);
    return { array, tall: Math.ceil(shape[0] / wide), wide, count: shape[0], depth: 1, place: (i) => i * shape[1] + map };
  }
  return null;
}

let kernelOf = null;

function drawKernel() {
  const { node, map } = state;
  const plan = kernelPlan(node, map);
  const isShown = plan !== null && plan.tall * plan.wide <= EDITABLE;
  find("#kernel-box").hidden = !isShown;
  if (!isShown) return;
  const slider = find("#kernel-channel");
  slider.max = plan.depth - 1;
  slider.parentElement.hidden = plan.depth < 2;
  const channel = Math.min(Number(slider.value), plan.depth - 1);
  slider.nextElementSibling.textContent = channel;
  const host = find("#kernel-numbers");
  const kind = `${node.id} ${map} ${channel} ${root.lang}`;
  if (kernelOf !== kind) {
    const cells = plan.count ?? plan.tall * plan.wide;
    const fields = Array.from({ length: cells }, (_, i) => make("input", {
      type: "number", step: "0.01",
      "aria-label": say("weightAt", { row: Math.floor(i / plan.wide), column: i % plan.wide }),
      onchange: (event) => setNumber(plan.array, plan.place(i, channel), event.target),
    }));
    const bias = node.weights.bias === undefined ? [] : [make("label", { class: "bias" }, `${say("bias")} `, make("input", {
      type: "number", step: "0.01", onchange: (event) => setNumber(node.weights.bias, map, event.target),
    }))];
    host.replaceChildren(make("div", { class: "kernel-grid" }, fields), ...bias);
    host.firstChild.style.gridTemplateColumns = `repeat(${plan.wide}, minmax(2.6rem, 4.5rem))`;
    kernelOf = kind;
  }
  const shown = (value) => String(Number(value.toPrecision(3)));
  all(".kernel-grid input", host).forEach((field, i) => {
    if (field !== document.activeElement) field.value = shown(net.arrays[plan.array][plan.place(i, channel)]);
  });
  const field = find(".bias input", host);
  if (field && field !== document.activeElement) field.value = shown(net.arrays[node.weights.bias][map]);
}

function setNumber(array, place, field) {
  const value = Number(field.value);
  if (field.value === "" || !Number.isFinite(value)) field.value = String(Number(net.arrays[array][place].toPrecision(3)));
  else toggle("numbers", array, place, value);
}

// -- what it does ---------------------------------------------------------------------------------------------

function drawEffect() {
  if (!state.values) return;
  find("#restore").hidden = !isEdited();
  find("#undo").disabled = !earlier.length;
  find("#restore-all").disabled = !isEdited();
  if (find("#view-change").hidden) return;
  const effect = find("#effect");
  if (!hasClasses()) return effect.replaceChildren();
  if (!isEdited()) return effect.replaceChildren(say("nothingChanged"));
  applyEdits(noEdits());
  const before = scoresOf(net.forward(state.inputs).values).slice();
  applyEdits();
  const old = best(before);
  const now = scoresOf(state.values);
  const one = output();
  const parts = [say("effect", { before: answerText(one, before, old), after: answerText(one, now, best(now)) })];
  if (best(now) !== old) parts.push(" ", say("effectSame", { answer: labelText(one, old), score: scoreText(one, now[old]) }));
  const was = unchanged.get(state.checkpoint);
  if (accuracy && was) parts.push(" ", say("accuracyEffect", { before: was.right, after: accuracy.right, count: was.count }));
  return effect.replaceChildren(...parts);
}

// -- which filter matters most ----------------------------------------------------------------------------------

function rank() {
  const [{ node, run }, klass] = [state, target()];
  const found = net.ranking(run, node.id, klass, { output: state.output, at: pixelPlace() }).slice(0, RANKED);
  for (const one of found) {
    net.ablate(node.id, one.channel);
    const { values } = net.forward(run.inputs, { after: run, changed: [node.id] });
    one.without = scoresOf(values)[klass];
    applyEdits();
  }
  ranking = { node, answer: labelText(output(), klass), score: scoresOf(state.values)[klass], found };
  drawRanking();
}

function drawRanking() {
  const host = find("#ranking");
  if (!ranking || ranking.node !== state.node) return host.replaceChildren();
  const { node, answer, score, found } = ranking;
  const one = output();
  const shown = (value) => scoreText(one, value);
  const heading = say("ranked", { answer, score: shown(score), layer: node.name });
  const rows = found.map(({ channel, fall, without }) => make("tr", {},
    make("th", { scope: "row" }, make("button", { type: "button", onclick: () => select(node, channel, state.y, state.x) }, `${say("map")} ${channel}`)),
    make("td", {}, data(fall)), make("td", {}, make("data", { value: String(without) }, shown(without)))));
  return host.replaceChildren(make("table", {}, make("caption", {}, heading),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, say("withoutMap")), make("th", { scope: "col" }, say(isNumbers() ? "numberFall" : "fall")), make("th", { scope: "col" }, say("score")))),
    make("tbody", {}, rows)));
}

// -- all of it ------------------------------------------------------------------------------------------------------

function drawChange() {
  drawEffect();
  if (!state.node || !state.values || find("#view-change").hidden) return;
  find("#change-layer").value = isInput(state.node) ? "" : state.node.id;
  find("#rank").hidden = isInput(state.node) || !hasClasses();
  find("#switches").parentElement.hidden = isInput(state.node);
  if (!isInput(state.node)) drawSwitches();
  drawKernel();
  drawRanking();
}

function prepareChange() {
  const layers = model.nodes.filter((node) => !isInput(node));
  find("#change-layer").replaceChildren(...layers.map((node) => make("option", { value: node.id }, node.name)));
  find("#change-layer").addEventListener("change", (event) => select(nodes.get(Number(event.target.value)), 0));
  find("#undo").addEventListener("click", undo);
  for (const id of ["#restore", "#restore-all"]) find(id).addEventListener("click", restoreAll);
  find("#rank").addEventListener("click", rank);
  find("#kernel-channel").addEventListener("input", drawKernel);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.target.matches("input[type=number]")) return;
    event.preventDefault();
    undo();
  });
}

for (const what of ["values", "accuracy", "selected", "tab", "language"]) on(what, drawChange);
