// What the network sees: a drawing, a sample, a picture from a file or the clipboard, the camera.
"use strict";
const BOARD = 280; // pixels of the longer side of the drawing board
const PEN = 0.075; // of the board's longer side
const LARGEST_FILE = 50e6; // bytes
const LARGEST_PICTURE = 80e6; // pixels
const board = find("#board");
const pen = board.getContext("2d", { willReadFrequently: true });
const isDigit = () => input().kind === "digit";

function prepareBoard() {
  const [height, width] = volumeOf(inputNode().shape);
  const longer = Math.max(height, width);
  board.width = Math.max(1, Math.round((BOARD * width) / longer));
  board.height = Math.max(1, Math.round((BOARD * height) / longer));
  clearBoard();
}

function clearBoard() {
  pen.fillStyle = "black";
  pen.fillRect(0, 0, board.width, board.height);
}

// -- from the board to the network's input ---------------------------------------------------------

/** Read the board as values in [0, 1]: (h, w) in gray or (h, w, 3). */
function readBoard(channels) {
  const { data } = pen.getImageData(0, 0, board.width, board.height);
  const pixels = board.width * board.height;
  const values = new Float32Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    const [red, green, blue] = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
    if (channels >= 3) values.set([red / 255, green / 255, blue / 255], i * channels);
    else values[i * channels] = red === green && green === blue ? red / 255 : luma(red, green, blue) / 255;
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
function inRange(values, channels) {
  const { scale, offset, bgr } = input();
  return values.map((_, i) => {
    const channel = i % channels;
    const value = bgr ? values[i - channel + channels - 1 - channel] : values[i];
    return value * scale[channel % scale.length] + offset[channel % offset.length];
  });
}

function useBoard(since) {
  const [height, width, channels] = volumeOf(inputNode().shape);
  const values = isDigit()
    ? toMnist(readBoard(1), board.height, board.width)
    : resized(readBoard(channels), board.height, board.width, height, width, channels);
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
  useBoard(since);
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
    announce(say(cursor.down ? "penDown" : "penUp"));
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

const samples = []; // {label, klass, values, canvas}, in the order of the model's samples
let chosen = null;

/** Read a sample's picture as the values of the network's input. */
async function readSample(sample) {
  const [height, width, channels] = volumeOf(inputNode().shape);
  const picture = new Image();
  picture.src = sample.data;
  await picture.decode();
  const canvas = make("canvas", { width: picture.naturalWidth, height: picture.naturalHeight });
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(picture, 0, 0);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const values = Float32Array.from({ length: canvas.width * canvas.height * channels }, (_, i) =>
    data[4 * Math.floor(i / channels) + (channels >= 3 ? i % channels : 0)] / 255);
  const fitting = resized(values, canvas.height, canvas.width, height, width, channels);
  return { label: sample.label, klass: sample.class, values: inRange(fitting, channels), canvas, picture };
}

async function loadSamples() {
  const read = await Promise.allSettled((model.samples ?? []).map(readSample));
  samples.push(...read.filter((one) => one.status === "fulfilled").map((one) => one.value));
  find("#samples").replaceChildren(...samples.map((sample, nth) => {
    sample.picture.alt = sample.label ?? String(nth + 1);
    const choice = make("button", { type: "button", "aria-pressed": "false", onclick: () => chooseSample(nth) });
    choice.append(sample.picture);
    return choice;
  }));
  find("#samples").parentElement.hidden = !samples.length;
}

function chooseSample(nth) {
  stopCamera();
  const sample = samples[nth];
  if (!sample) return;
  clearBoard();
  pen.imageSmoothingEnabled = false;
  pen.drawImage(sample.canvas, 0, 0, board.width, board.height);
  pen.imageSmoothingEnabled = true;
  forgetSample();
  chosen = nth;
  all("#samples button")[nth].setAttribute("aria-pressed", true);
  setInput(sample.values);
  tell("sample");
}

function forgetSample() {
  if (chosen === null) return;
  all("#samples button")[chosen].setAttribute("aria-pressed", false);
  chosen = null;
  tell("sample");
}

// -- files, the clipboard and the camera -------------------------------------------------------------

/** Fit a picture into the board, as large as possible. */
function show(picture, width, height) {
  const fit = isDigit() ? Math.min : Math.max; // of a digit, nothing may be cut off
  const scale = fit(board.width / width, board.height / height);
  pen.fillStyle = "black";
  if (isDigit()) {
    board.width = Math.max(1, Math.round(width * scale));
    board.height = Math.max(1, Math.round(height * scale));
  }
  pen.fillRect(0, 0, board.width, board.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, (board.width - width * scale) / 2, (board.height - height * scale) / 2, width * scale, height * scale);
  forgetSample();
  useBoard();
}

async function takeFile(file) {
  stopCamera();
  const name = file.name || say("clipboard");
  if (file.size > LARGEST_FILE) return message(say("tooLarge", { name, limit: count(LARGEST_FILE / 1e6) }), true);
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return message(say("notAPicture", { name }), true);
  }
  const isShown = picture.width * picture.height <= LARGEST_PICTURE;
  if (isShown) {
    prepareBoard();
    show(picture, picture.width, picture.height);
    message(say("pictureShown", { name }));
  } else message(say("tooLarge", { name, limit: count(LARGEST_FILE / 1e6) }), true);
  return picture.close();
}

function takeFirst(files) {
  if (!files.length) return message(say("noFile"), true);
  return takeFile(files[0]);
}

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  board.parentElement.classList.add("over");
});
document.addEventListener("dragleave", () => board.parentElement.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  board.parentElement.classList.remove("over");
  takeFirst(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.target.closest?.("input, textarea")) return;
  takeFirst(event.clipboardData.files);
});
find("#file").addEventListener("change", (event) => {
  if (event.target.files.length) takeFirst(event.target.files);
  event.target.value = ""; // the same file may be chosen again
});

const camera = { video: make("video", { muted: true, playsinline: true }), stream: null };

async function startCamera() {
  try {
    camera.stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640 } });
    camera.video.srcObject = camera.stream;
    await camera.video.play();
  } catch {
    stopCamera();
    return message(say("noCamera"), true);
  }
  find("#camera").setAttribute("aria-pressed", true);
  prepareBoard();
  return cameraFrame();
}
function cameraFrame() {
  if (!camera.stream) return;
  if (camera.video.videoWidth) show(camera.video, camera.video.videoWidth, camera.video.videoHeight);
  setTimeout(cameraFrame, 100);
}
function stopCamera() {
  for (const track of camera.stream?.getTracks() ?? []) track.stop();
  camera.stream = null;
  find("#camera").setAttribute("aria-pressed", false);
}
find("#camera").hidden = !navigator.mediaDevices?.getUserMedia;
find("#camera").addEventListener("click", () => (camera.stream ? stopCamera() : startCamera()));

// -- which input is drawn, where there are several ----------------------------------------------------

function prepareInput() {
  const choice = find("#input-choice");
  choice.parentElement.hidden = model.inputs.length < 2;
  choice.replaceChildren(...model.inputs.map((one, nth) => make("option", { value: nth }, nodes.get(one.node).name)));
  choice.addEventListener("change", () => {
    state.input = Number(choice.value);
    prepareBoard();
  });
  find("#pen").hidden = volumeOf(inputNode().shape)[2] < 3;
  prepareBoard();
  showCursor();
}
