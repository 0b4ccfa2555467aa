// Put the page together, once all of its parts are there.
"use strict";
find("#dismiss").addEventListener("click", () => message(""));

async function start() {
  speak(root.lang);
  prepareInput();
  prepareOverview();
  prepareLayer();
  prepareReplay();
  prepareTabs();
  state.run = net.forward(state.inputs);
  state.values = state.run.values;
  prepareAnswer();
  prepareChange();
  prepareWhy();
  prepareSizes();
  showTab(TABS[0]);
  arrange();
  select(model.nodes.find((node) => node.group === "convolution") ?? model.nodes.at(-1), 0);
  themed();
  await loadSamples();
  if (samples.length) chooseSample(0);
  openAddress();
  changed();
  measure();
}

start().then(
  () => { root.dataset.ready = "true"; },
  (error) => { message(say("broken", { reason: error.message }), true); throw error; },
);
