"""Compare the cost of generated images with the recipes that students copy, as a Markdown table.

    python benchmarks/synthesis.py

The recipes of keras.io are reimplemented with the same computations: eager or `tf.function`, one or
several images at a time, and the same forward passes in each step. All candidates of a row use the
same networks, with random weights, and the same number of steps. "First call included" means that
everything is rebuilt for each round. The candidates alternate.
"""

import os
from importlib.metadata import version

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from foundation import machine, take_turns

FILTERS, SIDE, STEPS = 64, 128, 30
SOME = 8  # of the filters, so that rounds are short and other load affects all candidates alike
LAYER = "block3_conv1"
PEER = f"tf-keras-vis {version('tf-keras-vis')}"


def truncated(name=LAYER):
    """Build VGG16 from its input to a layer, as on keras.io."""
    import keras

    import kerascnn as kc

    model = kc.build_vgg16(include_top=False)
    return keras.Model(model.inputs, model.get_layer(name).output)


def normalized_step(tf, features, picture, of_filter, rate=10.0):
    """Perform a step of keras.io's visualizing_what_convnets_learn, on the mean without border."""
    with tf.GradientTape() as tape:
        tape.watch(picture)
        score = tf.reduce_mean(features(picture)[:, 2:-2, 2:-2, of_filter])
    return picture + rate * tf.math.l2_normalize(tape.gradient(score, picture))


def start(tf):
    return tf.random.uniform((1, SIDE, SIDE, 3)) * 0.25 - 0.125


def maximize_activation():
    import tensorflow as tf

    import kerascnn as kc

    def ours():
        model = kc.build_vgg16(include_top=False)
        kc.visualize.maximize_activation(
            model,
            layer=LAYER,
            units=range(SOME),
            size=SIDE,
            steps=STEPS,
            parameters="pixels",
            moves=None,
            verbose=False,
        )

    def eager():
        features = truncated()
        for of_filter in range(SOME):
            picture = start(tf)
            for _ in range(STEPS):
                picture = normalized_step(tf, features, picture, of_filter)

    def traced_anew():
        features = truncated()
        step = tf.function(lambda picture, n: normalized_step(tf, features, picture, n))
        for of_filter in range(SOME):  # a Python number: each one is traced separately
            picture = start(tf)
            for _ in range(STEPS):
                picture = step(picture, of_filter)

    features = truncated()
    forward = tf.function(lambda x: features(x, training=False), reduce_retracing=True)
    pictures = tf.random.uniform((SOME, SIDE, SIDE, 3))

    def floor():  # 8 at a time, which is faster than 64 at once, whose maps exceed the caches
        for _ in range(2 * STEPS):
            forward(pictures)

    every = {"ours": ours, "eager": eager, "traced": traced_anew, "floor": floor}
    forward(pictures)
    seconds = take_turns(every, rounds=5, warm=False)
    what = (
        f"`maximize_activation`, filters of {LAYER}, {SIDE}x{SIDE}, {STEPS} steps, first call, "
        f"{SOME} of {FILTERS} timed"
    )
    for name, words, limit in (
        ("eager", "one at a time, eager", "0.45"),
        ("traced", "keras.io's recipe", "0.85"),
        ("floor", f"{2 * STEPS} forward passes", "1.3"),
    ):
        yield f"{what}, against {words}", f"{seconds['ours'] / seconds[name]:.2f}", limit


def maximize_class():
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.activation_maximization.regularizers import Norm, TotalVariation2D
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    import kerascnn as kc

    model = kc.build_vgg16()
    peer = ActivationMaximization(model, model_modifier=ReplaceToLinear(), clone=True)
    seconds = take_turns(
        {
            "ours": lambda: kc.visualize.maximize_activation(
                model,
                target=20,
                steps=10,
                penalties=kc.visualize.Penalties(l2=1.0, total_variation=1.0),
                verbose=False,
            ),
            "peer": lambda: peer(
                CategoricalScore(20),
                steps=10,
                regularizers=[TotalVariation2D(weight=1.0), Norm(weight=1.0, p=2)],
            ),
        },
        rounds=5,
    )
    what = "`maximize_activation`, a class of VGG16, 224x224, 10 steps"
    yield f"{what}, against {PEER}", f"{seconds['ours'] / seconds['peer']:.2f}", "0.60"


DREAM_LAYERS = {"mixed4": 1.0, "mixed5": 1.5, "mixed6": 2.0, "mixed7": 2.5}  # as on keras.io
OCTAVES, SCALE, DREAM_STEPS = 3, 1.4, 10


def deep_dream():
    import keras
    import tensorflow as tf

    import kerascnn as kc

    photo = tf.image.resize(kc.datasets.photo("chelsea") / 255.0, (300, 400)).numpy()[None]
    net = keras.applications.InceptionV3(weights=None, include_top=False)

    def inception():
        # The same weights in new layers, so that nothing compiled for the old ones is reused.
        new = keras.models.clone_model(net)
        new.set_weights(net.get_weights())
        return new

    rounds = 3
    models = {who: [inception() for _ in range(rounds)] for who in ("ours", "recipe")}

    def ours():
        kc.visualize.deep_dream(
            models["ours"].pop(),
            photo,
            DREAM_LAYERS,
            octaves=OCTAVES,
            octave_scale=SCALE,
            steps=DREAM_STEPS,
            preprocessing=lambda x: 2 * x - 1,
            verbose=False,
        )

    def recipe():
        model = models["recipe"].pop()
        outputs = {name: model.get_layer(name).output for name in DREAM_LAYERS}
        features = keras.Model(model.inputs, outputs)

        @tf.function
        def ascent(picture):
            with tf.GradientTape() as tape:
                tape.watch(picture)
                loss = tf.zeros(())
                for name, maps in features(picture).items():
                    inside = maps[:, 2:-2, 2:-2, :]
                    loss += DREAM_LAYERS[name] * tf.reduce_mean(tf.square(inside))
            slope = tape.gradient(loss, picture)
            slope /= tf.maximum(tf.reduce_mean(tf.abs(slope)), 1e-6)
            return loss, picture + 0.01 * slope

        original = tf.constant(2 * photo - 1, tf.float32)
        sizes = [[int(n / SCALE**i) for n in (300, 400)] for i in range(OCTAVES)][::-1]
        small = tf.image.resize(original, sizes[0])
        picture = tf.identity(original)
        for size in sizes:
            picture = tf.image.resize(picture, size)
            for _ in range(DREAM_STEPS):
                _, picture = ascent(picture)
            there = tf.image.resize(original, size)
            picture += there - tf.image.resize(small, size)
            small = there

    seconds = take_turns({"ours": ours, "recipe": recipe}, rounds, warm=False)
    what = f"`deep_dream`, InceptionV3, {OCTAVES} octaves of 400x300, {DREAM_STEPS} steps each"
    yield f"{what}, against keras.io's recipe", f"{seconds['ours'] / seconds['recipe']:.2f}", "0.90"


STYLES = [f"block{b}_conv1" for b in range(1, 6)]
CONTENT = "block5_conv2"
MORE = 10  # additional steps; the difference of two calls is the time of these steps


def style_transfer():
    import time

    import keras
    import tensorflow as tf

    import kerascnn as kc

    rng = np.random.default_rng(0)
    content, style = (rng.random((1, 320, 480, 3), "float32") for _ in range(2))
    model = kc.build_vgg19(include_top=False)
    features = keras.Model(model.inputs, {x.name: x.output for x in model.layers})
    picture = tf.Variable(content)
    optimizer = keras.optimizers.SGD(1.0)

    def correlations(maps):
        flat = tf.reshape(tf.transpose(maps, (2, 0, 1)), (maps.shape[-1], -1))
        return tf.matmul(flat, flat, transpose_b=True)

    @tf.function
    def recipe_step():  # content and style pass through the network again in each step
        with tf.GradientTape() as tape:
            outputs = features(tf.concat([content, style, picture], axis=0))
            loss = 2.5e-8 * tf.reduce_sum(tf.square(outputs[CONTENT][2] - outputs[CONTENT][0]))
            for name in STYLES:
                wanted, made = correlations(outputs[name][1]), correlations(outputs[name][2])
                scale = 4.0 * 3**2 * (320 * 480) ** 2
                loss += 1e-6 / len(STYLES) * tf.reduce_sum(tf.square(wanted - made)) / scale
            across = tf.square(picture[:, :-1, :-1] - picture[:, 1:, :-1])
            down = tf.square(picture[:, :-1, :-1] - picture[:, :-1, 1:])
            loss += 1e-6 * tf.reduce_sum(tf.pow(across + down, 1.25))
        optimizer.apply_gradients([(tape.gradient(loss, picture), picture)])
        return loss

    times = []

    def ours():
        kc.visualize.style_transfer(
            model,
            content,
            style,
            content_layers=CONTENT,
            style_layers=STYLES,
            tv_weight=1e-6,
            optimizer="adam",
            pooling="max",
            steps=MORE,
            callback=lambda *_: times.append(time.perf_counter()),
            verbose=False,
        )

    def recipe():
        for _ in range(MORE):
            recipe_step().numpy()
            times.append(time.perf_counter())

    steps = {"ours": [], "recipe": []}
    for _ in range(4):
        for name, candidate in (("ours", ours), ("recipe", recipe)):
            times.clear()
            candidate()
            steps[name] += list(np.diff(times))
    ours, recipe = (np.median(steps[name]) for name in ("ours", "recipe"))
    what = "`style_transfer`, one step of Adam, VGG19, 320x480, against keras.io's recipe"
    yield what, f"{ours / recipe:.2f}", "0.36"


def main():
    print(f"Machine: {machine()}\n")
    print("| what | measured | at most |\n| --- | --: | --: |", flush=True)
    for part in (style_transfer, maximize_class, deep_dream, maximize_activation):
        for row in part():
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
