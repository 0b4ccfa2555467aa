// The classes of pixels as colors over the input, and the pixel whose scores are listed.
"use strict";
const TINT = 0.55; // opacity of a class's color
const TURN = 137.5; // degrees between the hues of further classes
const OUTSIDE = "rgb(0 0 0 / 65%)"; // over the part of the input that has no classes

/** The color of a class as numbers; the first one has none, as in `plots.mask_overlay`. */
const classColors = new Map();
function classColor(klass) {
  if (klass === 0) return null;
  if (!classColors.has(klass)) {
    const context = make("canvas", { width: 1, height: 1 }).getContext("2d");
    const light = klass % 2 ? 45 : 70;
    context.fillStyle = looks.classes[klass - 1] ?? `hsl(${(klass * TURN) % 360} 75% ${light}%)`;
    context.fillRect(0, 0, 1, 1);
    classColors.set(klass, [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)]);
  }
  return classColors.get(klass);
}

/** Show the color of a class beside its name. */
function paintClass(element, one, klass) {
  element.classList.toggle("painted", one.pixels);
  const color = one.pixels ? classColor(klass) : null;
  element.style.setProperty("--color", color ? css(color) : "transparent");
}

/** The class of each pixel of an output. */
function classMap(one = output()) {
  const values = state.values[one.node];
  const units = nodes.get(one.node).shape.at(-1);
  if (units === 1) return Uint16Array.from(values, (value) => Number(value > 0.5)); // a sigmoid
  return Uint16Array.from({ length: values.length / units }, (_, i) => {
    let best = 0;
    for (let k = 1; k < units; k++) if (values[i * units + k] > values[i * units + best]) best = k;
    return best;
  });
}

/** Which parts of the pixels the classes have that are on the map, the largest first. */
function shares(found) {
  const counts = new Map();
  for (const klass of found) counts.set(klass, (counts.get(klass) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([klass, pixels]) => [klass, pixels / found.length]);
}
const classesOnMap = () => [...new Set([predicted(), ...shares(classMap()).map(([klass]) => klass)])].slice(0, ALL_CLASSES);

/** The input that the map lies on, and where; the map itself if no input is a picture. */
function ground(one = output()) {
  const [height, width] = volumeOf(nodes.get(one.node).shape);
  const nth = one.frames[state.input] ? state.input : one.frames.findIndex(Boolean);
  if (nth < 0) return { node: null, sides: [height, width], frame: [0, 0, height, width] };
  const node = nodes.get(model.inputs[nth].node);
  return { node, values: state.inputs[nth], sides: volumeOf(node.shape), frame: one.frames[nth] };
}

/** Outline the pixel that is looked at on a picture of the input; nothing of other outputs. */
function markPixel(box, frame) {
  const one = output();
  const mark = find(".window", box);
  mark.hidden = !one.pixels || !frame;
  if (mark.hidden) return;
  const { y, x } = pixel(one);
  const { sides: [tall, wide] } = ground(one);
  const [height, width] = volumeOf(nodes.get(one.node).shape);
  const [top, left, bottom, right] = frame;
  const part = (length, side) => `${(100 * length) / side}%`;
  const [down, across] = [(bottom - top) / height, (right - left) / width];
  mark.style.top = part(top + y * down, tall);
  mark.style.left = part(left + x * across, wide);
  mark.style.height = part(down, tall);
  mark.style.width = part(across, wide);
}

function drawPixels() {
  const one = output();
  find("#pixels").hidden = !one.pixels;
  if (!one.pixels) return;
  const found = classMap(one);
  const [height, width] = volumeOf(nodes.get(one.node).shape);
  const { node, values, sides: [tall, wide], frame } = ground(one);
  const colors = make("canvas", { width, height });
  const tint = colors.getContext("2d").createImageData(width, height);
  found.forEach((klass, i) => {
    const color = classColor(klass);
    if (color) tint.data.set([...color, 255 * TINT], 4 * i);
  });
  colors.getContext("2d").putImageData(tint, 0, 0);
  const box = find("#class-map .picture");
  const canvas = find("canvas", box);
  const scale = Math.max(1, Math.round(FINE / Math.max(tall, wide)));
  box.style.aspectRatio = `${wide} / ${tall}`;
  [canvas.width, canvas.height] = [wide * scale, tall * scale];
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.scale(scale, scale);
  if (node) context.drawImage(inputCanvas(node, values), 0, 0);
  const [top, left, bottom, right] = frame;
  context.drawImage(colors, left, top, right - left, bottom - top);
  const rest = new Path2D();
  rest.rect(0, 0, wide, tall);
  rest.rect(left, top, right - left, bottom - top);
  context.fillStyle = OUTSIDE;
  context.fill(rest, "evenodd");
  const parts = shares(found).slice(0, ALL_CLASSES).map(([klass, share]) => `${classText(one, klass)} ${percent(share)}`);
  canvas.setAttribute("aria-label", `${say("classMap")}: ${parts.join(", ")}`);
  markPixel(box, frame);
  const { y, x } = pixel(one);
  for (const [id, value, size] of [["row", y, height], ["column", x, width]]) {
    [find(`#pixel-${id}`).max, find(`#pixel-${id}`).value] = [size - 1, value];
  }
}

function choosePixel(y, x) {
  const [height, width] = volumeOf(nodes.get(output().node).shape);
  const within = (value, size) => Math.min(Math.max(Math.floor(value) || 0, 0), size - 1);
  state.pixel = { y: within(y, height), x: within(x, width) };
  tell("values");
}

find("#class-map .picture").addEventListener("click", (event) => {
  const [height, width] = volumeOf(nodes.get(output().node).shape);
  const { sides: [tall, wide], frame: [top, left, bottom, right] } = ground();
  const box = find("#class-map canvas").getBoundingClientRect();
  const [y, x] = [((event.clientY - box.top) / box.height) * tall, ((event.clientX - box.left) / box.width) * wide];
  choosePixel(((y - top) / (bottom - top)) * height, ((x - left) / (right - left)) * width);
});
for (const id of ["row", "column"]) {
  find(`#pixel-${id}`).addEventListener("input", (event) => {
    if (event.target.value === "") return;
    const { y, x } = pixel();
    const value = Number(event.target.value);
    choosePixel(id === "row" ? value : y, id === "row" ? x : value);
  });
}
