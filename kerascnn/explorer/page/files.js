// Pictures from files, from the clipboard and from the camera.
"use strict";
const LARGEST_FILE = 50e6; // bytes
const LARGEST_PICTURE = 80e6; // pixels
const FINER = 4; // pixels of a picture for each value of the network's input, at most
const hasCamera = Boolean(navigator.mediaDevices?.getUserMedia);

/** Draw the middle of a picture on black, as many times its size as `scale` says. */
function drawMiddle(context, picture, width, height, scale) {
  const { canvas } = context;
  context.fillStyle = "black";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (canvas.width - width * scale) / 2, (canvas.height - height * scale) / 2, width * scale, height * scale);
}

/** A picture for the network, in its own pixels unless they are very few or many. */
function pictureCanvas(picture, width, height) {
  const [tall, wide] = volumeOf(inputNode().shape);
  const least = Math.max(wide / width, tall / height); // until it covers the input
  const scale = Math.max(least, Math.min(1, FINER * least));
  const [across, down] = [wide, tall].map((side) => Math.round((side * scale) / least));
  const context = make("canvas", { width: across, height: down }).getContext("2d", { willReadFrequently: true });
  drawMiddle(context, picture, width, height, scale);
  return context;
}

/** Fit a picture into the board, as large as possible, and give it to the network. */
function show(picture, width, height) {
  const fit = isDigit() ? Math.min : Math.max; // of a digit, nothing may be cut off
  const scale = fit(board.width / width, board.height / height);
  if (isDigit()) {
    board.width = Math.max(1, Math.round(width * scale));
    board.height = Math.max(1, Math.round(height * scale));
  }
  drawMiddle(pen, picture, width, height, scale);
  forgetSample();
  useCanvas(isDigit() ? pen : pictureCanvas(picture, width, height)); // a digit's outlines are smooth
}

async function takeFile(file) {
  stopCamera();
  const name = file.name || say("clipboard");
  if (input().kind === "numbers") return message(say("numbersOnly", { name: inputNode().name }), true);
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
  } else message(say("tooManyPixels", { name, limit: count(LARGEST_PICTURE / 1e6) }), true);
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
find("#camera").addEventListener("click", () => (camera.stream ? stopCamera() : startCamera()));
