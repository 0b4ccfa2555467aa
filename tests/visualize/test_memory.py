"""What stays in memory: nothing of a model that is gone, and nothing of a call that is done."""

import gc
import inspect
import weakref

import keras
import numpy as np
import pytest
from keras import layers
from tensorflow.python.framework.func_graph import FuncGraph
from tensorflow.python.framework.ops import gradient_registry

import kerascnn as kc

see = kc.visualize
STEP = {"steps": 1, "verbose": False}
OURS = {"preprocessing": lambda x: x}  # a function of the user's is compiled for one call

# Each as (model, images) or, of those that make pictures, (model, image, **options)
CALLS = {
    "ablation_cam": lambda model, x: see.ablation_cam(model, x),
    "activations": lambda model, x: see.activations(model, x),
    "fgsm": lambda model, x: see.fgsm(model, x, epsilon=0.1),
    "pgd": lambda model, x: see.pgd(model, x, epsilon=0.1, steps=1),
    "blur_integrated_gradients": lambda model, x: see.blur_integrated_gradients(
        model, x, sigma=1, steps=2
    ),
    "deep_lift": lambda model, x: see.deep_lift(model, x),
    "deletion_insertion": lambda model, x: see.deletion_insertion(model, x, x[..., 0], steps=2),
    "effective_receptive_field": lambda model, x: see.effective_receptive_field(model, x, "deep"),
    "eigen_cam": lambda model, x: see.eigen_cam(model, x),
    "evaluate": lambda model, x: see.evaluate(
        {"saliency": see.saliency}, model, x, metrics=["sparseness"]
    ),
    "expected_gradients": lambda model, x: see.expected_gradients(
        model, x, baselines=0 * x, samples=2
    ),
    "filters": lambda model, x: see.filters(model),
    "finer_cam": lambda model, x: see.finer_cam(model, x, references=1),
    "grad_cam": lambda model, x: see.grad_cam(model, x),
    "grad_cam_plus_plus": lambda model, x: see.grad_cam_plus_plus(model, x),
    "gradient_times_input": lambda model, x: see.gradient_times_input(model, x),
    "guided_grad_cam": lambda model, x: see.guided_grad_cam(model, x),
    "hires_cam": lambda model, x: see.hires_cam(model, x),
    "integrated_gradients": lambda model, x: see.integrated_gradients(model, x, steps=2),
    "layer_cam": lambda model, x: see.layer_cam(model, x, lambda logits: logits[:, 0]),
    "lrp": lambda model, x: see.lrp(model, x),
    "occlusion": lambda model, x: see.occlusion(model, x, size=3),
    "projective_field": lambda model, x: see.projective_field(
        model, (0, 0), "deep", input_shape=x.shape[1:]
    ),
    "randomization_test": lambda model, x: see.randomization_test(
        model, x, see.saliency, layers=["deep"]
    ),
    "receptive_field": lambda model, x: see.receptive_field(model, "deep", input_shape=x.shape[1:]),
    "rise": lambda model, x: see.rise(model, x, masks=2, cells=2),
    "saliency": lambda model, x: see.saliency(model, x),
    "score_cam": lambda model, x: see.score_cam(model, x),
    "smooth_grad": lambda model, x: see.smooth_grad(model, x, samples=2),
    "top_patches": lambda model, x: see.top_patches(model, x, "deep"),
    "upsample": lambda model, x: see.upsample(
        model, x, see.grad_cam(model, x, layer="deep"), "deep"
    ),
    "weight_gradients": lambda model, x: see.weight_gradients(
        model, x, lambda y: keras.ops.mean(y), training=True
    ),
}
# These pass gradients back by a rule of ours, which TensorFlow keeps for ever.
BY_RULES = {
    "deconvnet": lambda model, x: see.deconvnet(model, x, "deep"),
    "guided_backprop": lambda model, x: see.guided_backprop(model, x),
}
MADE = {
    "deep_dream": lambda model, x, **more: see.deep_dream(
        model, x[:1], "drop", octaves=1, **STEP, **more
    ),
    "invert_features": lambda model, x, **more: see.invert_features(
        model, x[:1], "drop", **STEP, **more
    ),
    "maco": lambda model, x, **more: see.maco(
        model, layer="deep", units=0, size=8, crops=1, **STEP, **more
    ),
    "maximize_activation": lambda model, x, **more: see.maximize_activation(
        model, layer="deep", units=0, size=4, **STEP, **more
    ),
    "style_transfer": lambda model, x, **more: see.style_transfer(
        model, x[:1], x[:1], content_layers="deep", style_layers="shallow", **STEP, **more
    ),
}
# This one reads weights and computes nothing else, and these are of attention.
OF_OTHER_MODELS = {"weight_templates", "attention_relevance", "attention_rollout"}


def build():
    """Layers that would change in training, a nested one, channels for halves, silent units."""
    inner = keras.Sequential([keras.Input((None, None, 256)), layers.BatchNormalization()])
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(256, 1, activation="relu", name="shallow"),
            inner,
            layers.Conv2D(2, 3, padding="same", activation="relu", name="deep"),
            layers.Dropout(0.5, name="drop"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(2, "softmax"),
        ]
    )
    model.get_layer("deep").bias.assign([-9.0, -9.0])
    return model


def held_after(calls, images, **options):
    """Names of the methods after whose use something of their model is left."""
    gone = {}
    for name, call in calls.items():
        model = build()
        before = model.get_weights()
        call(model, images, **options)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new, err_msg=name)
        gone[name] = weakref.ref(model), weakref.ref(model.weights[0])
        del model
    keras.backend.clear_session()  # Keras's own record of names
    gc.collect()
    return {name for name, of_one in gone.items() if any(ref() is not None for ref in of_one)}


def living_graphs():
    return sum(type(thing) is FuncGraph for thing in gc.get_objects())


@pytest.mark.slow
def test_nothing_holds_a_model_that_is_gone(rng):
    """No method does, nor changes its weights; what is traced once for all models stays once."""
    images = rng.random((2, 4, 5, 3), "float32")
    functions = {name: getattr(see, name) for name in see.__all__}
    methods = {
        name
        for name, one in functions.items()
        if callable(one) and "model" in inspect.signature(one).parameters
    }
    assert methods == {*CALLS, *BY_RULES, *MADE} | OF_OTHER_MODELS
    assert held_after(CALLS | BY_RULES | MADE, images) == set()
    rules, graphs = len(gradient_registry.list()), living_graphs()
    assert held_after(BY_RULES, images) == set()
    assert held_after(MADE, images, **OURS) == set()
    assert len(gradient_registry.list()) == rules
    assert living_graphs() <= graphs  # fewer, if one of another test has gone meanwhile


@pytest.mark.slow
def test_nothing_grows(run_python):
    """Memory after 100 further calls of each method, in a process of their own."""
    grown = run_python(
        """
import gc, numpy as np, kerascnn as kc
from kerascnn.visualize._engine.compile import trace_count
see = kc.visualize
def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20
model = kc.build_lenet5()
images = np.random.default_rng(0).random((4, 28, 28, 1), "float32")
blind = lambda m, x, t: x[..., 0] * m(x).numpy()[0, 0]
calls = {
    "activations": lambda x, n: see.activations(model, x, "c3"),
    "deconvnet": lambda x, n: see.deconvnet(model, x, "c3", unit=n),
    "deletion_insertion": lambda x, n: see.deletion_insertion(model, x, x[..., 0], n, steps=4),
    "grad_cam": lambda x, n: see.grad_cam(model, x, n, "c3"),
    "guided_grad_cam": lambda x, n: see.guided_grad_cam(model, x, n),
    "integrated_gradients": lambda x, n: see.integrated_gradients(model, x, n, steps=3),
    "layer_cam": lambda x, n: see.layer_cam(model, x, n),
    "occlusion": lambda x, n: see.occlusion(model, x, n, size=14),
    "randomization_test": lambda x, n: see.randomization_test(model, x, blind, layers=["f6"]),
    "saliency": lambda x, n: see.saliency(model, x, n),
    "score_cam": lambda x, n: see.score_cam(model, x, n, "c1"),
    "smooth_grad": lambda x, n: see.smooth_grad(model, x, n, samples=3, seed=n),
    "top_patches": lambda x, n: see.top_patches(model, x, "c3", units=n),
}
for name, call in calls.items():
    for i in range(20):
        call(images[: 1 + i % 4], i % 10)
    before, traces = resident(), trace_count(model)
    for i in range(100):
        call(images[: 1 + i % 4], i % 10)
    print(name, resident() - before, trace_count(model) - traces)
"""
    )
    lines = [line.split() for line in grown.splitlines()]
    assert len(lines) >= 13
    assert [line for line in lines[-13:] if float(line[1]) >= 12 or line[2] != "0"] == []
