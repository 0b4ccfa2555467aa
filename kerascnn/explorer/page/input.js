// What the network sees: a drawing or a sample; files.js brings other pictures.
"use strict";
const BOARD = 280; // pixels of the longer side of the drawing board
const PEN = 0.075; // of the board's longer side
const FIELDS = 64; // numbers of an input that can be set by hand
const board = find("#board");
const pen = board.getContext("2d", { willReadFrequently: true });
const isDigit = () => input().kind === "digit";

function prepareBoard() {
  const isPicture = input().kind !== "numbers";
  for (const id of ["#board", "#clear", "#camera", "#file", "#board-hint"]) {
    find(id).closest(".board, label, button, p").hidden = !isPicture || (id === "#camera" && !hasCamera);
  }
  drawNumbers(isPicture);
  const [height, width] = volumeOf(inputNode().shape);
  const longer = Math.max(height, width);
  board.width = Math.max(1, Math.round((BOARD * width) / longer));
  board.height = Math.max(1, Math.round((BOARD * height) / longer));
  clearBoard();
}

/** The fields of an input that is no picture. */
function drawNumbers(isPicture) {
  const values = state.inputs[state.input];
  find("#numbers").hidden = isPicture;
  if (isPicture) return;
  find("#numbers").replaceChildren(...Array.from(values.subarray(0, FIELDS), (value, i) => make("input", {
    type: "number", step: "any", value: String(Number(value.toPrecision(4))), "aria-label": `${inputNode().name} ${i}`,
    oninput: (event) => {
      if (!Number.isFinite(event.target.valueAsNumber)) return;
      values[i] = event.target.valueAsNumber;
      forgetSample();
      changed();
    },
  })));
}

function clearBoard() {
  pen.fillStyle = "black";
  pen.fillRect(0, 0, board.width, board.height);
}

// -- from the board to the network's input ---------------------------------------------------------

/** Read a canvas as values in [0, 1]: (h, w) in gray or (h, w, 3). */
function readCanvas(context, channels) {
  const { width, height } = context.canvas;
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = width * height;
  const values = new Float32Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    const red = data[4 * i], green = data[4 * i + 1], blue = data[4 * i + 2];
    if (channels < 3) values[i * channels] = (red === green && green === blue ? red : luma(red, green, blue)) / 255;
    else [values[i * channels], values[i * channels + 1], values[i * channels + 2]] = [red / 255, green / 255, blue / 255];
  }
  return values;
}
const luma = (red, green, blue) => 0.299 * red + 0.587 * green + 0.114 * blue; // ITU-R BT.601

/** Bring values (H, W, C) to another size by averages over equal areas. */
function resized(values, height, width, tall, wide, channels) {
  if (height === tall && width === wide) return values;
  const result = new Float32Array(tall * wide * channels);
  for (let c = 0; c < channels; c++) {
    const one = channels === 1 ? values : Float32Array.from({ length: height * width }, (_, i) => values[i * channels + c]);
    const box = { top: 0, bottom: height, left: 0, right: width };
    shrink(one, width, box, tall, wide).forEach((value, i) => { result[i * channels + c] = value; });
  }
  return result;
}

/** Values in [0, 1] in the range that the network was trained on. */
function inRange(values, channels, { scale, offset, bgr } = input()) {
  return values.map((_, i) => {
    const channel = i % channels;
    const value = bgr ? values[i - channel + channels - 1 - channel] : values[i];
    return value * scale[channel % scale.length] + offset[channel % offset.length];
  });
}

/** A digit of 28x28 in the middle of a larger field, such as the 32x32 of 1998. */
function inMiddle(digit, side) {
  const frame = (side - MNIST.SIZE) / 2;
  const field = new Float32Array(side * side);
  for (let y = 0; y < MNIST.SIZE; y++) {
    field.set(digit.subarray(y * MNIST.SIZE, (y + 1) * MNIST.SIZE), (y + frame) * side + frame);
  }
  return field;
}

/** Give the network what is on a canvas: the board, or a picture in its own pixels. */
function useCanvas(context, since) {
  const [height, width, channels] = volumeOf(inputNode().shape);
  const { canvas } = context;
  const values = isDigit()
    ? inMiddle(toMnist(readCanvas(context, 1), canvas.height, canvas.width), height)
    : resized(readCanvas(context, channels), canvas.height, canvas.width, height, width, channels);
  setInput(inRange(values, channels), since);
}

// -- draw with mouse, pen, finger or keys ------------------------------------------------------------

let last = null; // where the pen was

function place(event) {
  const box = board.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * board.width,
    y: ((event.clientY - box.top) / box.height) * board.height,
  };
}

function stroke(from, to) {
  pen.strokeStyle = find("#pen").hidden ? "white" : find("#pen input").value;
  pen.lineWidth = PEN * Math.max(board.width, board.height);
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x, to.y + (from.x === to.x && from.y === to.y ? 0.01 : 0)); // a dot, too
  pen.stroke();
}

function drawn(since) {
  stopCamera();
  forgetSample();
  useCanvas(pen, since);
}

board.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  board.setPointerCapture(event.pointerId);
  last = place(event);
  stroke(last, last);
  drawn(performance.now());
});
board.addEventListener("pointermove", (event) => {
  if (!last) return;
  const since = performance.now();
  const events = event.getCoalescedEvents?.() ?? [];
  for (const one of events.length ? events : [event]) {
    const next = place(one);
    stroke(last, next);
    last = next;
  }
  drawn(since);
});
for (const end of ["pointerup", "pointercancel"]) board.addEventListener(end, () => { last = null; });

const cursor = { x: 0.5, y: 0.25, down: false }; // the pen that the keys move, as parts of the board
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function showCursor() {
  const shown = find("#cursor");
  shown.style.left = `${100 * cursor.x}%`;
  shown.style.top = `${100 * cursor.y}%`;
  shown.classList.toggle("down", cursor.down);
}

board.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const there = () => ({ x: cursor.x * board.width, y: cursor.y * board.height });
  if (event.key === " ") {
    cursor.down = !cursor.down;
    if (cursor.down) stroke(there(), there());
    announce("pen", say(cursor.down ? "penDown" : "penUp"));
  } else if (event.key in STEPS) {
    const from = there();
    const [right, down] = STEPS[event.key];
    cursor.x = Math.min(1, Math.max(0, cursor.x + 0.05 * right));
    cursor.y = Math.min(1, Math.max(0, cursor.y + 0.05 * down));
    if (cursor.down) stroke(from, there());
  } else if (event.key === "Delete" || event.key === "Backspace") {
    clearBoard();
  } else return;
  event.preventDefault();
  showCursor();
  drawn();
});

find("#clear").addEventListener("click", () => {
  clearBoard();
  drawn();
});

// -- samples ---------------------------------------------------------------------------------------

const samples = []; // {label, klass, inputs, parts}, in the order of the model's samples
let chosen = null;

/** Read what a sample gives to one input: a picture, or numbers as they are. */
async function readPart(given, one) {
  if (typeof given !== "string") return { values: Float32Array.from(given) };
  const [height, width, channels] = volumeOf(nodes.get(one.node).shape);
  const picture = new Image();
  picture.src = given;
  await picture.decode();
  const canvas = make("canvas", { width: picture.naturalWidth, height: picture.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const values = Float32Array.from({ length: canvas.width * canvas.height * channels }, (_, i) =>
    data[4 * Math.floor(i / channels) + (channels >= 3 ? i % channels : 0)] / 255);
  const fitting = resized(values, canvas.height, canvas.width, height, width, channels);
  return { values: inRange(fitting, channels, one), canvas, picture };
}

async function readSample(sample) {
  const given = model.inputs.length > 1 ? sample.data : [sample.data];
  const parts = await Promise.all(model.inputs.map((one, nth) => readPart(given[nth], one)));
  return { label: sample.label, klass: sample.class, inputs: parts.map((part) => part.values), parts };
}

async function loadSamples() {
  const read = await Promise.allSettled((model.samples ?? []).map(readSample));
  samples.push(...read.filter((one) => one.status === "fulfilled").map((one) => one.value));
  find("#samples").replaceChildren(...samples.map((sample, nth) => {
    const name = sample.label ?? String(nth + 1);
    const picture = pictureOf(sample);
    if (picture) picture.alt = name;
    return make("button", { type: "button", "aria-label": name, "aria-pressed": "false", onclick: () => chooseSample(nth) }, picture ?? name);
  }));
  find("#samples").parentElement.hidden = !samples.length;
}
const pictureOf = (sample) => (sample.parts[state.input] ?? sample.parts[0]).picture ?? null;

function chooseSample(nth) {
  stopCamera();
  const sample = samples[nth];
  if (!sample) return;
  forgetSample();
  chosen = nth;
  all("#samples button")[nth].setAttribute("aria-pressed", true);
  sample.inputs.forEach((values, i) => state.inputs[i].set(values));
  showInput();
  changed();
  tell("sample");
}

/** Show the chosen sample on the board, or the numbers of the input. */
function showInput() {
  prepareBoard();
  const canvas = chosen === null ? null : samples[chosen].parts[state.input].canvas;
  if (!canvas) return;
  pen.imageSmoothingEnabled = false;
  pen.drawImage(canvas, 0, 0, board.width, board.height);
  pen.imageSmoothingEnabled = true;
}

function forgetSample() {
  if (chosen === null) return;
  all("#samples button")[chosen].setAttribute("aria-pressed", false);
  chosen = null;
  tell("sample");
}

// -- which input is drawn, where there are several ----------------------------------------------------

function prepareInput() {
  const choice = find("#input-choice");
  choice.parentElement.hidden = model.inputs.length < 2;
  choice.replaceChildren(...model.inputs.map((one, nth) => make("option", { value: nth }, nodes.get(one.node).name)));
  choice.addEventListener("change", () => {
    stopCamera();
    state.input = Number(choice.value);
    find("#pen").hidden = volumeOf(inputNode().shape)[2] < 3 || input().kind === "numbers";
    showInput();
  });
  find("#pen").hidden = volumeOf(inputNode().shape)[2] < 3 || input().kind === "numbers";
  prepareBoard();
  showCursor();
}
