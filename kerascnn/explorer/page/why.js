// Why this answer: saliency, Grad-CAM and occlusion of the picture that is shown, while it changes.
"use strict";
const LATER = 80; // milliseconds after the last change
const BUSY = 12; // milliseconds that the page may compute before it draws
let whyTimer = null;
let drawing = 0;

/** The layers with maps that the output is computed from. */
function camLayers() {
  const [found, waiting_] = [new Set(), [output().node]];
  while (waiting_.length) {
    const id = waiting_.pop();
    if (found.has(id)) continue;
    found.add(id);
    waiting_.push(...nodes.get(id).inputs);
  }
  return model.nodes.filter((node) => {
    const [height, width] = volumeOf(node.shape);
    return found.has(node.id) && height * width > 1 && !isInput(node);
  });
}

/** Draw a heatmap of some height and width; `frame` is the part of the picture that it covers. */
function drawHeat(id, heat, height, width, { map, range, over, frame }) {
  const node = inputNode();
  const box = find(`#${id} .picture`);
  const canvas = find("canvas", box);
  const [tall, wide] = volumeOf(node.shape);
  box.style.aspectRatio = `${wide} / ${tall}`;
  const colors = make("canvas");
  drawMaps(colors, heat, [height, width, 1], { columns: 1, shown: 1, range, map });
  const scale = Math.max(1, Math.round(FINE / Math.max(tall, wide)));
  [canvas.width, canvas.height] = [wide * scale, tall * scale];
  const context = canvas.getContext("2d");
  if (over) {
    context.imageSmoothingEnabled = false;
    context.drawImage(inputCanvas(node, state.inputs[state.input]), 0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = map === maps.heat ? "screen" : "source-over"; // no heat is black
    context.globalAlpha = map === maps.heat ? 0.9 : 0.6;
    context.imageSmoothingEnabled = true;
  } else context.imageSmoothingEnabled = false;
  const [top, left, bottom, right] = (frame ?? [0, 0, tall, wide]).map((edge) => edge * scale);
  context.drawImage(colors, left, top, right - left, bottom - top);
  [context.globalAlpha, context.globalCompositeOperation] = [1, "source-over"];
  markPixel(box, output().frames?.[state.input]);
}

async function drawWhy() {
  const mine = ++drawing;
  for (const part of all("#view-why > *")) part.hidden = hasClasses() === (part.id === "why-not");
  if (find("#view-why").hidden || !hasClasses()) return;
  const [klass, options] = [target(), { output: state.output, input: state.input, at: pixelPlace() }];
  const [height, width] = volumeOf(inputNode().shape);
  const label = (id, key, layer) =>
    find(`#${id} canvas`).setAttribute("aria-label", say(key, { answer: labelText(output(), klass), layer }));
  const slopes = net.saliency(state.run, klass, options);
  drawHeat("saliency", slopes, height, width, { map: maps.heat, range: rangeOf(slopes), over: false });
  label("saliency", "saliencyAlt");
  const layer = nodes.get(Number(find("#cam-layer").value));
  find("#cam").hidden = !layer;
  if (layer) {
    const cam = net.gradCam(state.run, layer.id, klass, options);
    const [tall, wide] = volumeOf(layer.shape);
    const frame = layer.frames?.[state.input];
    drawHeat("cam", cam, tall, wide, { map: maps.heat, range: rangeOf(cam), over: true, frame });
    label("cam", "camAlt", layer.name);
  }
  const fall = await occluded(klass, options, () => mine !== drawing);
  if (!fall) return;
  drawHeat("occlusion", fall, height, width, { map: maps.signed, range: rangeAround0(fall), over: true });
  label("occlusion", "occlusionAlt");
}

/** Cover one square after the other; null if something has changed before all are done. */
async function occluded(klass, options, isStale) {
  const size = Number(find("#patch-size").value);
  const squares = net.occluding(state.run, klass, { ...options, size, stride: Math.max(1, size >> 1) });
  let since = performance.now();
  const title = find("#occlusion figcaption");
  for (let one = squares.next(); ; one = squares.next()) {
    if (one.done) title.textContent = say("occlusion");
    if (one.done) return one.value;
    if (performance.now() - since < BUSY) continue;
    title.textContent = `${say("occlusion")} ${percent(one.value)}`;
    await breath();
    if (isStale()) return null;
    since = performance.now();
  }
}

function later() {
  if (find("#view-why").hidden) return;
  clearTimeout(whyTimer);
  whyTimer = setTimeout(drawWhy, LATER);
}

function prepareWhy() {
  fillTargets();
  const layers = camLayers();
  const last = layers.findLast((node) => node.group === "convolution") ?? layers.at(-1);
  find("#cam-layer").replaceChildren(...layers.map((node) => make("option", { value: node.id }, node.name)));
  if (last) find("#cam-layer").value = last.id;
  find("#target").addEventListener("change", (event) => {
    state.target = event.target.value === "" ? null : Number(event.target.value);
    drawAnswer(); // of numbers, the one that is explained
    later();
  });
  find("#cam-layer").addEventListener("change", later);
  const longest = Math.max(...volumeOf(inputNode().shape).slice(0, 2));
  const size = find("#patch-size");
  size.max = Math.max(1, longest >> 1);
  size.value = Math.max(1, Math.round(longest / 7));
  const told = () => { size.nextElementSibling.textContent = `${size.value}×${size.value}`; };
  size.addEventListener("input", () => { told(); later(); });
  told();
}

function fillTargets() {
  const { length } = scoresOf(state.values);
  find("#target").replaceChildren(
    ...(isNumbers() ? [] : [make("option", { value: "" }, say("predictedClass"))]),
    ...Array.from({ length: hasClasses() ? length : 0 }, (_, klass) => make("option", { value: klass }, classText(output(), klass))),
  );
  find("#target").value = state.target ?? (isNumbers() ? 0 : "");
  find("#target").closest("label").hidden = isNumbers() && length === 1;
}

on("values", later);
on("tab", later);
on("output", () => { fillTargets(); later(); });
on("language", () => { fillTargets(); later(); });
