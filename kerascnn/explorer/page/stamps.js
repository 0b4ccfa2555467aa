// A transposed convolution in the playground of sizes: each input value stamps its kernel, stamps add
// up where they overlap, and padding cuts the edges off.
"use strict";

const stampedNumber = (row, column) => 1 + inputNumber(row, column); // 0 would leave no stamp

/** What a transposed convolution makes of a size, along one axis; numbers of padding as in PyTorch. */
function transposedArithmetic({ size, kernelSize, stride, padding, dilation }) {
  const reach = dilation * (kernelSize - 1) + 1;
  const full = (size - 1) * stride + reach; // of all stamps
  const [before, result] = {
    number: [padding, full - 2 * padding],
    valid: [0, (size - 1) * stride + Math.max(reach, stride)], // Keras's, also beyond the last stamp
    same: [Math.floor(Math.max(reach - stride, 0) / 2), size * stride],
  }[rule];
  return { reach, full, before, result, after: full - before - result };
}

function transposedFormulas({ reach, full, before, after, result }) {
  const { size, stride, padding, dilation } = chosenSizes;
  const covered = `(${size} − 1)·${stride} + ${rule === "valid" && stride > reach ? `max(${reachText()}, ${stride})` : reachText()}`;
  const lines = [];
  if (result < 1) lines.push(say("nothingLeft", { full }));
  else if (rule === "same") lines.push(`${size}·${stride} = ${result}`);
  else lines.push(`${covered}${rule === "number" ? ` − 2·${padding}` : ""} = ${result}`);
  if (result >= 1 && (before > 0 || after > 0)) lines.push(say("cutOff", { before, after: Math.max(after, 0) }));
  if (after < 0) lines.push(say(after === -1 ? "oneUnwritten" : "unwritten", { count: -after }));
  if (stride > 1 && dilation > 1) lines.push(say("notInKeras"));
  return [...lines, ...costs(1, size)];
}

/** The value, its stamp, and the sum of all stamps; what is cut off is crossed out. */
function drawStamps({ full, before, result }) {
  const { size, kernelSize, stride, dilation } = chosenSizes;
  const [row, column] = [Math.floor(step / size), step % size];
  const side = Math.max(full, before + result);
  const [sums, isStamped] = [new Array(side ** 2).fill(0), new Set()];
  square(size, (r, c) => square(kernelSize, (i, j) => {
    const place = (r * stride + i * dilation) * side + c * stride + j * dilation;
    sums[place] += stampedNumber(r, c) * kernelNumber(i, j);
    if (r === row && c === column) isStamped.add(place);
  }));
  const isCut = (place) => place < before || place >= before + result;
  const value = stampedNumber(row, column);
  fillPlain(plays.input, square(size, stampedNumber), size, say("inputSize", { size }), { windowed: (i) => i === step, role: "window" });
  fillPlain(plays.kernel, square(kernelSize, kernelNumber), kernelSize, say("kernel"), { role: "kernel", windowed: () => true });
  fillPlain(plays.stamp, square(kernelSize, (i, j) => value * kernelNumber(i, j)), kernelSize, say("stamp", { value }), { windowed: () => true, role: "window" });
  fillPlain(plays.output, sums, side, say("outputSize", { size: Math.max(result, 0) }), {
    windowed: (i) => isStamped.has(i),
    dropped: (i) => isCut(Math.floor(i / side)) || isCut(i % side),
    role: "window",
  });
}
