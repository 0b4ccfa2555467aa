"""What can be asked of a network on the page, against the toolkit's methods and Keras."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn._graph import flatten, run
from kerascnn.explorer._export import page_data

pytestmark = pytest.mark.node

LOAD = "const net = KerasCNN.load(given.model), run = net.forward(given.inputs); "


@pytest.fixture(scope="module")
def lenet():
    return kc.build_lenet5(weights="mnist")


@pytest.fixture(scope="module")
def digit():
    return kc.datasets.load("digits").test[0][3]


@pytest.fixture(scope="module")
def ask(script, lenet, digit):
    """Ask LeNet-5 about a digit, in JavaScript."""
    data = page_data(lenet)

    def ask(question, **given):
        return script(LOAD + question, model=data, inputs=[digit], **given)

    return ask


def test_saliency_grad_cam_and_occlusion_are_those_of_the_toolkit(ask, lenet, digit, compare):
    target = int(ask("return net.predicted(run)"))
    look = kc.visualize
    theirs = look.saliency(lenet, digit[None], target, verbose=False)[0]
    compare.assert_close(
        ask("return net.saliency(run, given.c)", c=target), theirs, 1e-3, "saliency"
    )
    theirs = look.grad_cam(lenet, digit[None], target, "c3", verbose=False)[0]
    compare.assert_close(ask("return net.gradCam(run, 3, given.c)", c=target), theirs, 1e-3, "CAM")
    theirs = look.occlusion(lenet, digit[None], target, size=6, stride=5, verbose=False)[0]
    ours = ask("return net.occlusion(run, given.c, { size: 6, stride: 5 })", c=target)
    compare.assert_close(ours, theirs, 1e-3, "occlusion")


def without_each_map(model, image, name):
    """The outputs (maps, classes) when each map of a layer is switched off."""
    graph = flatten(model)
    maps = graph.node(name).shapes[0][-1]
    rest = 1 - np.eye(maps, dtype="float32")

    def call(node, args, kwargs):
        out = run(node, args, kwargs)
        if node.name == name:
            out = out * rest.reshape(maps, *[1] * (len(out.shape) - 2), maps)
        return out

    images = keras.ops.convert_to_tensor(np.repeat(image[None], maps, axis=0))
    return np.asarray(graph.evaluate([images], call)[graph.outputs[0]])


@pytest.mark.parametrize("layer", ["c1", "s2", "c3", "c5", "f6"])
def test_every_filter_switched_off(layer, ask, lenet, digit, compare):
    theirs = without_each_map(lenet, digit, layer)
    ours = ask(
        """const { id } = net.nodes.find((node) => node.name === given.layer);
        return Array.from({ length: given.maps }, (_, map) => {
          net.restore();
          net.ablate(id, map);
          return net.forward(given.inputs).values.at(-1);
        })""",
        layer=layer,
        maps=len(theirs),
    )
    for mine, other in zip(ours, theirs, strict=True):
        compare.assert_close(mine, other, 1e-4, layer)


def test_filters_are_ranked_by_the_fall_of_the_score(ask):
    ranking, falls = ask("""
        const before = net.scores(run)[7];
        const falls = Array.from({ length: 16 }, (_, channel) => {
          net.restore();
          net.ablate(3, channel);
          return before - net.scores(net.forward(given.inputs))[7];
        });
        net.restore();
        return [net.ranking(run, 3, 7), Array.from(falls)]""")
    assert [one["fall"] for one in ranking] == sorted(falls, reverse=True)
    assert all(one["fall"] == falls[one["channel"]] for one in ranking)


def test_a_map_that_is_held_has_no_gradient_before_it(ask):
    held, values, slopes = ask("""
        const other = given.inputs[0].map(() => 0);
        for (let c = 0; c < 6; c++) net.freeze(1, c, run.values[1].filter((_, i) => i % 6 === c));
        const again = net.forward([other]);
        return [run.values[8], again.values[8], net.backward(again, 0)[0]]""")
    np.testing.assert_array_equal(held, values)
    assert not slopes.any()


def test_changes_are_undone(ask):
    before, after = ask("""
        net.ablate(1, 0);
        net.arrays[0][3] = 9;
        net.forward(given.inputs);
        net.restore();
        return [run.values[8], net.forward(given.inputs).values[8]]""")
    np.testing.assert_array_equal(before, after)


def test_only_what_follows_a_change_is_computed_again(ask):
    whole, part, same = ask("""
        net.ablate(3, 1);
        const again = net.forward(given.inputs, { after: run, changed: [3] });
        return [net.forward(given.inputs).values[8], again.values[8],
                again.values[2] === run.values[2]]""")
    np.testing.assert_array_equal(whole, part)
    assert same


@pytest.fixture(scope="module")
def windows():
    """Every kind of layer that shows how a number comes about."""
    keras.utils.set_random_seed(0)
    x = keras.Input((7, 8, 4))
    own = kc.layers
    made = [
        layers.Conv2D(4, 3, strides=2, padding="same", groups=2),
        layers.Conv2D(3, (2, 3), dilation_rate=2, activation="relu"),
        layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
        layers.SeparableConv2D(3, 3, strides=2, depth_multiplier=2),
        layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
        own.LocallyConnected2D(2, 3, padding="same"),
        own.TableConv2D([(0, 2), (1,)], 3),
        own.TrainableSubsampling2D(2),
        layers.MaxPooling2D(3, strides=2, padding="same"),
        layers.AveragePooling2D(3, strides=2, padding="same"),
        layers.Dense(5),
    ]
    return keras.Model(x, [layer(x) for layer in made])


def test_products_sum_to_what_a_layer_gives(script, windows, rng):
    image = rng.normal(size=(7, 8, 4)).astype("float32")
    wrong = script(
        LOAD
        + """const wrong = [];
        for (const { id, name, shape: [height, width, channels] } of net.nodes.slice(1)) {
          for (let i = 0; i < height * width * channels; i++) {
            const pixel = Math.floor(i / channels);
            const place = { y: Math.floor(pixel / width), x: pixel % width, channel: i % channels };
            const p = net.patch(id, place, run), n = p.patch.length;
            const sum = p.kind === "max" ? Math.max(...p.patch)
              : p.kind === "mean" ? p.patch.reduce((a, b) => a + b) / inside(p)
              : p.products.reduce((a, b) => a + b) + p.bias;
            const size = p.rows.length * p.columns.length * p.channels.length;
            if (Math.abs(sum - p.sum) > 1e-5 || n !== size || p.value !== run.values[id][i]) {
              wrong.push([name, place, sum, p.sum, n, size]);
            }
          }
        }
        function inside({ rows, columns, channels }) {
          const count = (places, size) => places.filter((at) => at >= 0 && at < size).length;
          return count(rows, 7) * count(columns, 8) * channels.length;
        }
        return wrong""",
        model=page_data(windows),
        inputs=[image],
    )
    assert wrong == []


def test_receptive_fields_are_where_the_gradient_is(script, windows, rng):
    """A unit's gradient reaches the corners of its field, and nothing outside."""
    x = windows.inputs[0]
    y = layers.Cropping2D(1)(layers.Conv2D(2, 3, padding="same")(x))
    y = layers.Conv2DTranspose(2, 3, strides=2, activation="sigmoid")(y)
    y = layers.Add()([y, layers.Conv2D(2, 1)(y)])
    y = layers.UpSampling2D(2, interpolation="bilinear")(layers.AveragePooling2D(2)(y))
    model = keras.Model(x, layers.Conv2D(1, 3, padding="same")(layers.UpSampling2D((1, 2))(y)))
    found = script(
        LOAD
        + """const { id, shape: [height, width, channels] } = net.nodes.at(-1), found = [];
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const [box] = net.receptiveField(id, y, x), whole = run.values[id].map(() => 0);
            whole[(y * width + x) * channels] = 1;
            found.push([[y, x], box, slopes(whole)]);
          }
        }
        function slopes(seed) {
          const gradients = [];
          gradients[id] = seed;
          const pass = (to, part) => {
            gradients[to] = gradients[to]?.map((v, i) => v + part[i]) ?? part.slice();
          };
          for (let at = id; at > 0; at--) {
            const node = net.nodes[at], { activation: a } = node.config;
            const own = a ? KerasCNN.activations[a.name]
              .backward(run.before[at], gradients[at], node.shape, a) : gradients[at];
            net.through(node, run, own, pass);
          }
          return gradients[0];
        }
        return found""",
        model=page_data(model),
        inputs=[rng.normal(size=(7, 8, 4)).astype("float32")],
    )
    for place, box, slopes in found:
        rows, columns, _ = np.nonzero(np.reshape(slopes, (7, 8, 4)))
        top, left = max(box["top"], 0), max(box["left"], 0)
        bottom, right = min(box["bottom"], 7), min(box["right"], 8)
        reached = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        assert (top, left, bottom, right) == reached, place
