"""TensorFlow's part in looking inside: the only GradientTape, compiled once and kept.

A computation is compiled for a (model, layers, input shape) and stored under the model, by weak
reference: it dies with the model, and is made anew when the model's layers have changed. Only what
leads to the wanted layers is computed, and gradients are recorded from the layer on, not before.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import cache

import keras
import numpy as np
import tensorflow as tf
from keras import KerasTensor

from kerascnn._graph import Graph, Key, Node, flatten, run
from kerascnn._memory import keep_buffers
from kerascnn._processor import check_kernels
from kerascnn._sizes import check_free_sizes, check_sizes

from ._arguments import (
    Images,
    LayerLike,
    Target,
    check_count,
    check_images,
    check_target,
    graph_of,
    select_maps,
)
from ._heads import head_of, is_binary, squashing, without_activation
from ._progress import progress

PREDICTED = -1  # stands for the class that the model itself predicts
HALF_SCALE = 1024.0  # keeps small gradients above float16's smallest number; a power of 2 is exact

CLASSES = tf.TensorSpec([None], tf.int32)

_compiled: weakref.WeakKeyDictionary[keras.Model, dict] = weakref.WeakKeyDictionary()


def on_gpu() -> bool:
    """Whether there is a GPU that TensorFlow computes on."""
    return bool(tf.config.list_logical_devices("GPU"))


def outputs_of(
    model: keras.Model,
    images: Images,
    graph: Graph,
    names: Sequence[str],
    *,
    batch_size: int = 32,
    verbose: bool | str = False,
) -> list[np.ndarray]:
    """Compute the outputs of some nodes; the part of the network behind them is not run.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or one array for each of several inputs.
        graph: the model's graph.
        names: full names of nodes of the graph.
        batch_size: how many images are computed at once.
        verbose: whether a progress bar is shown, as for `progress`.

    Returns:
        A float32 array for each name.
    """
    images = check_images(model, images)
    names = tuple(names)

    def outputs(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        keys = tuple(graph.node(name).outputs[0] for name in names)
        values = graph.evaluate(list(inputs), run, until=keys)
        return [tf.cast(values[key], tf.float32) for key in keys]

    step = compiled(model, graph, ("outputs", names), outputs, specs(images))
    return in_batches(step, images, batch_size, verbose)


def gradients_at(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    batch_size: int = 32,
    verbose: bool | str = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute a layer's maps, and the gradient of the target's score with respect to them.

    The score of a class is its logit: a softmax or sigmoid at the end of the model is left out.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or one array for each of several inputs.
        target: class index, one for each image, a callable from the model's outputs before
            softmax to scores (N,), or `None` for the predicted class. A callable sees all images
            at once and is called anew each time, without compilation.
        layer: a layer or its name; `None`: the last maps before the closing pooling.
        batch_size: how many images are computed at once.
        verbose: whether a progress bar is shown, as for `progress`.

    Returns:
        Maps and gradients, each of the layer's output shape (N, h, w, K), float32.
    """
    graph = graph_of(model)
    images = check_images(model, images)
    classes, score = check_target(target, len(images[0]), graph)
    layer = select_maps(graph, layer, score).name

    def gradients(graph: Graph, *inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        *inputs, classes = inputs
        at = graph.node(layer).outputs[0]
        half = in_half(graph)
        with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:

            def call(node: Node, args: tuple, kwargs: dict) -> object:
                outputs = run(node, args, kwargs)
                if at in node.outputs:
                    tape.watch(outputs)  # from here on; what lies before needs no gradient
                return outputs

            if at in graph.inputs:
                tape.watch(inputs[graph.inputs.index(at)])
            values, scores = scores_at(graph, inputs, classes, score, call=call, also=(at,))
            maps = values[at]
        (gradient,) = slopes(tape, scores, [maps], half=half)
        if gradient is None:
            raise ValueError(
                f"layer must lead to the score of the target; the score does not depend on "
                f"{layer!r}. Choose a layer before the output, and a target that uses the outputs."
            )
        return tf.cast(maps, tf.float32), gradient

    step = step_for(model, graph, ("gradients", layer), gradients, [*images, classes], score)
    batch_size = batch_size if score is None else len(classes)
    return tuple(in_batches(step, [*images, classes], batch_size, verbose))


def input_gradients(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    rule: str = "gradient",
    batch_size: int = 32,
    verbose: bool | str = False,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Compute the target's score, and its gradient with respect to the images.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or one array for each of several inputs.
        target: as for `gradients_at`.
        rule: how it passes a ReLU on its way back: "gradient", "guided" or "deconvnet".
        batch_size: how many images are computed at once.
        verbose: whether a progress bar is shown, as for `progress`.

    Returns:
        The scores, (N,) float32, and for each input the gradients, in its shape, float32.
    """
    from ._rules import rule_named  # which rests on this module

    graph = graph_of(model)
    images = check_images(model, images)
    classes, score = check_target(target, len(images[0]), graph)
    call = rule_named(rule, graph, graph.outputs)

    def gradients(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        *inputs, classes = inputs
        scores, grads = score_gradients(graph, inputs, classes, score, call=call)
        return [scores, *grads]

    step = step_for(model, graph, ("input gradients", rule), gradients, [*images, classes], score)
    batch_size = batch_size if score is None else len(classes)
    scores, *grads = in_batches(step, [*images, classes], batch_size, verbose)
    return scores, grads


def score_gradients(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    classes: tf.Tensor,
    score: Callable | None = None,
    *,
    call: Callable[[Node, tuple, dict], object] = run,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Inside a computation, the scores and their gradients with respect to the inputs.

    Args: as for `scores_at`.

    Returns:
        The scores (N,), and for each input the gradients in its shape, float32.
    """
    return gradients_of(
        graph, lambda xs: scores_at(graph, xs, classes, score, call=call)[1], inputs
    )


def gradients_at_points(
    graph: Graph, points: Sequence[tf.Tensor], classes: tf.Tensor, score: Callable | None = None
) -> list[tf.Tensor]:
    """Inside a computation, the gradients of the score at several points for each image.

    Args:
        graph: the model's graph.
        points: for each input (N, points, H, W, C).
        classes: (N,) int class indices.
        score: a callable target instead; then one point for each image.

    Returns:
        For each input the gradients in the points' shape, float32.
    """

    def fold(x: tf.Tensor) -> tf.Tensor:
        if not x.dtype.is_floating:
            raise TypeError(
                "model must take float images, between which there are others; "
                f"it has an input of {x.dtype.name}."
            )
        folded = tf.reshape(x, tf.concat([[-1], tf.shape(x)[2:]], axis=0))
        return tf.ensure_shape(folded, [None, *x.shape[2:]])  # layers need what is known of it

    classes = tf.repeat(classes, tf.shape(points[0])[1])
    _scores, grads = score_gradients(graph, [fold(x) for x in points], classes, score)
    return [tf.reshape(g, tf.shape(x)) for g, x in zip(grads, points, strict=True)]


def in_half(graph: Graph) -> bool:
    """Whether some layer computes in float16."""
    return any(getattr(n.operation, "compute_dtype", None) == "float16" for n in graph.nodes)


def slopes(
    tape: tf.GradientTape, values: tf.Tensor, points: Sequence[tf.Tensor], *, half: bool
) -> list[tf.Tensor | None]:
    """The gradients of values (N,) at some points, float32.

    In float16, for which the tape is persistent, small gradients would vanish and are scaled up;
    where that is too much, they are taken as they are.
    """
    scale = HALF_SCALE if half else 1.0
    grads = tape.gradient(values, points, output_gradients=tf.fill(tf.shape(values), scale))
    grads = [None if g is None else tf.cast(g, tf.float32) / scale for g in grads]
    if not half:
        return grads
    plain = tape.gradient(values, points)
    return [
        None if g is None else tf.where(tf.math.is_finite(g), g, tf.cast(p, tf.float32))
        for g, p in zip(grads, plain, strict=True)
    ]


def gradients_of(
    graph: Graph, function: Callable[[Sequence[tf.Tensor]], tf.Tensor], inputs: Sequence[tf.Tensor]
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Inside a computation, a function (N,) of all inputs and the gradients of its sum, float32."""
    inputs = list(inputs)
    floats = [x for x in inputs if x.dtype.is_floating]
    if not floats:
        raise TypeError(
            "model must take float images, with respect to which there are gradients; it has an "
            f"input of {inputs[0].dtype.name}. Put what follows it into a model of its own."
        )
    half = in_half(graph)
    with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:
        tape.watch(floats)
        values = function(inputs)
    grads = slopes(tape, values, inputs, half=half)
    if all(gradient is None for gradient in grads):
        raise ValueError(
            "target must depend on the images by way of the model's outputs; its score has no "
            "gradient with respect to them. Choose a target that uses the outputs."
        )
    return values, [
        tf.zeros_like(x, tf.float32) if g is None else g for x, g in zip(inputs, grads, strict=True)
    ]


def variable_gradients(
    graph: Graph,
    images: Sequence[np.ndarray],
    loss: Callable[[], tf.Tensor],
    variables: Sequence[keras.Variable],
) -> list[np.ndarray]:
    """The gradients of the mean of a loss with respect to variables.

    Args:
        graph: the model's graph.
        images: an array for each of its inputs.
        loss: computes one number, or several, from the variables.
        variables: with respect to which.

    Returns:
        An array in the shape of each variable, float32; zeros where nothing depends on it.

    Raises:
        ValueError: the loss depends on none of them, or is no number; images of a wrong size.
    """
    points = [variable.value for variable in variables]
    half = in_half(graph)
    with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:
        tape.watch(points)
        check_free_sizes(graph, [KerasTensor((None, *x.shape[1:]), x.dtype.name) for x in images])
        values = said_in_one_line(graph, images, loss)
        if values is None:
            raise ValueError("loss must give a number; received None. Does it return?")
        mean = tf.reduce_mean(tf.cast(tf.convert_to_tensor(values), tf.float32))
    grads = slopes(tape, mean, points, half=half)
    if all(gradient is None for gradient in grads):
        raise ValueError(
            "loss must depend on the model's output; its gradient with respect to all weights is "
            "missing. Compute it with keras.ops, not with NumPy."
        )
    return [
        np.zeros(point.shape, np.float32) if gradient is None else gradient.numpy()
        for gradient, point in zip(grads, points, strict=True)
    ]


def pass_back(rule: Callable, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Inside a computation, y as a function of x whose gradient for R from above is rule(R, y).

    Args:
        rule: a function of a module, which is kept for ever; it rests on its arguments alone.
        x: a tensor in the shape of y.
        y: what is put out; no gradient reaches it by itself.
    """
    passing = _passing_back(rule, x.dtype, len(y.shape))
    return tf.ensure_shape(passing(x, tf.stop_gradient(y)), y.shape)


@cache
def _passing_back(rule: Callable, dtype: tf.DType, rank: int) -> Callable:
    # Traced once for all models: TensorFlow keeps a custom gradient, and the graph that it is
    # called in, for ever.
    @tf.function(input_signature=[tf.TensorSpec([None] * rank, dtype)] * 2, autograph=False)
    @tf.custom_gradient
    def function(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        return y, lambda R: (rule(R, y), tf.zeros_like(R))

    return function


def normal(keys: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Gaussian noise (samples, *shape), mean 0 and variance 1; a sample rests on its key alone.

    Args:
        keys: (samples, 2) whole numbers.
        shape: of one sample.
    """
    return tf.map_fn(
        lambda key: tf.random.stateless_normal(shape, key, alg="philox"),
        keys,
        fn_output_signature=tf.float32,
    )


def scores_of(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    probability: bool = False,
    batch_size: int = 32,
) -> np.ndarray:
    """Compute the target's score for each image; a forward pass, no gradient.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or one array for each of several inputs.
        target: as for `gradients_at`.
        probability: what the model's softmax or sigmoid makes of the logit, instead of the logit.
            A model that ends without one puts out its logits here too. The predicted class is
            that of the highest logit in either case; a callable sees the model's outputs.
        batch_size: how many images are computed at once.

    Returns:
        (N,) float32.
    """
    graph = graph_of(model)
    images = check_images(model, images)
    classes, score = check_target(target, len(images[0]), graph)

    def scores(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        *inputs, classes = inputs
        return [scores_in(graph, inputs, classes, score, probability=probability)]

    step = step_for(model, graph, ("scores", bool(probability)), scores, [*images, classes], score)
    batch_size = batch_size if score is None else len(classes)
    return in_batches(step, [*images, classes], batch_size)[0]


def scores_in(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    classes: tf.Tensor,
    score: Callable | None = None,
    *,
    probability: bool = False,
    call: Callable[[Node, tuple, dict], object] = run,
) -> tf.Tensor:
    """Inside a computation, the scores (N,) as `scores_of` gives them.

    Args: as for `scores_at`, and `probability` as for `scores_of`.
    """
    if not probability:
        return scores_at(graph, inputs, classes, score, call=call)[1]
    values, logits = logits_at(graph, inputs, call=call)
    outputs = [_probabilities(graph, key, values[key]) for key in graph.outputs]
    if score is not None:
        return called(graph, score, outputs, len(classes))
    binary = is_binary(graph)
    chosen = chosen_classes(logits[0], classes, binary=binary)
    table = _by_class(outputs[0], (lambda p: 1 - p) if binary else None)
    return tf.gather(table, chosen, axis=-1, batch_dims=1)


def predicted_classes(model: keras.Model, images: Images, *, batch_size: int = 32) -> np.ndarray:
    """The classes that the model itself predicts, those of the highest logits: (N,) int32."""
    graph = graph_of(model)
    images = check_images(model, images)

    def predicted(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        logits = logits_at(graph, inputs)[1][0]
        return [chosen_classes(logits, PREDICTED, binary=is_binary(graph))]

    step = compiled(model, graph, ("predicted",), predicted, specs(images))
    return in_batches(step, images, batch_size)[0]


def scores_at(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    classes: tf.Tensor,
    score: Callable | None = None,
    *,
    call: Callable[[Node, tuple, dict], object] = run,
    also: tuple[Key, ...] = (),
) -> tuple[dict[Key, tf.Tensor], tf.Tensor]:
    """Run a model inside a computation, and score what it puts out before its softmax.

    Args:
        graph: the model's graph.
        inputs: a tensor for each of the model's inputs.
        classes: (N,) int class indices, as `check_target` gives them.
        score: a callable target instead.
        call: computes a node from its arguments; replaces or watches operations.
        also: keys of further tensors that are wanted.

    Returns:
        The values of all tensors on the way, and the scores (N,) float32.
    """
    values, logits = logits_at(graph, inputs, call=call, also=also)
    if score is None:
        return values, class_scores(logits[0], classes, binary=is_binary(graph))
    return values, called(graph, score, logits, len(classes))


def logits_at(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    *,
    call: Callable[[Node, tuple, dict], object] = run,
    also: tuple[Key, ...] = (),
) -> tuple[dict[Key, tf.Tensor], list[tf.Tensor]]:
    """Run a model inside a computation; what each output is before its softmax or sigmoid.

    Args: as for `scores_at`.

    Returns:
        The values of all tensors on the way, and for each output its logits, float32.
    """
    heads = {key: head_of(graph, key) for key in graph.outputs}
    logits = {}

    def call_and_keep(node: Node, args: tuple, kwargs: dict) -> object:
        for key, (head, after) in heads.items():
            if node is head:
                logits[key] = without_activation(node, args, kwargs)
                for reshaping in after:  # what stands between the softmax and the output
                    logits[key] = run(reshaping, (logits[key],), {})
        return call(node, args, kwargs)

    values = graph.evaluate(list(inputs), call_and_keep, until=(*graph.outputs, *also))
    return values, [tf.cast(logits.get(key, values[key]), tf.float32) for key in graph.outputs]


def value_and_gradient(
    function: Callable[[tf.Tensor], tf.Tensor], point: tf.Tensor, *, half: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """The value of a function of a tensor, and the gradient of its sum with respect to it.

    `half`: whether some of it is computed in float16.
    """
    with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:
        tape.watch(point)
        value = function(point)
    (slope,) = slopes(tape, value, [point], half=half)
    return value, slope


def trace_count(model: keras.Model) -> int:
    """How many computations are compiled for a model."""
    return len(_compiled.get(model, {}))


def compiled(
    model: keras.Model,
    graph: Graph,
    key: tuple | None,
    body: Callable,
    signature: Sequence[tf.TensorSpec],
) -> Callable:
    """A computation on a model, compiled once and kept as long as the model lives and stays.

    Args:
        model: any functional or sequential model.
        graph: the model's graph as it is now.
        key: names the computation among those of the model, with all that `body` depends on
            but its arguments; must be hashable. `None`: the computation is not kept.
        body: `body(graph, *tensors)`, traced once. It must not refer to the model.
        signature: the shapes and types of the tensors.

    Returns:
        A function of the tensors.

    Raises:
        ValueError: the images are too small for the layers on the way.
        NotImplementedError, when it is called: TensorFlow cannot compute a layer here.
    """
    keep_buffers()
    steps = {} if key is None else _compiled.setdefault(model, {})
    state = _fingerprint(graph)
    key = (*(key or ()), *((tuple(spec.shape), spec.dtype.name) for spec in signature))
    if key not in steps or steps[key][0] != state:
        of = weakref.ref(model)  # a computation must not keep its model alive
        function = tf.function(
            lambda *tensors: body(flatten(of()), *tensors),
            input_signature=list(signature),
            autograph=False,
        )
        trace = said_in_one_line(graph, signature, function.get_concrete_function)

        def step(*tensors: tf.Tensor) -> list[tf.Tensor]:
            try:
                return trace(*tensors)
            except tf.errors.OpError as error:
                _explain(flatten(of()), tensors, error)
                raise

        steps[key] = state, step
    return steps[key][1]


def said_in_one_line(
    graph: Graph, arguments: Sequence[tf.TensorSpec | tf.Tensor | np.ndarray], compute: Callable
) -> object:
    """Compute something, and if images of a wrong size are why it fails, say so in one line.

    The images come first among the arguments, one for each input of the model; what holds
    something else there, such as a spectrum, has been checked before.
    """
    try:
        return compute()
    except (ValueError, tf.errors.OpError) as error:
        _explain(graph, arguments, error)
        raise


def _explain(
    graph: Graph, arguments: Sequence[tf.TensorSpec | tf.Tensor | np.ndarray], error: Exception
) -> None:
    """Say in one line why a computation failed, where that is known."""
    images = [
        KerasTensor((None, *x.shape[1:]), tf.as_dtype(x.dtype).name)
        for x in arguments[: len(graph.inputs)]
    ]
    own = [graph.maker(key).shapes[0] for key in graph.inputs]
    if [len(x.shape) for x in images] == [len(shape) for shape in own]:
        check_sizes(graph, images)
    else:  # a spectrum, say
        images = [KerasTensor(shape) for shape in own]
    if isinstance(error, tf.errors.OpError):
        check_kernels(graph, images)


def step_for(
    model: keras.Model,
    graph: Graph,
    key: tuple,
    body: Callable,
    arrays: Sequence[np.ndarray],
    score: Callable | None,
) -> Callable:
    """A computation that is compiled for class indices, but runs anew for a callable target.

    What a callable looks up may change between calls.
    """
    if score is not None:
        return lambda *tensors: said_in_one_line(graph, tensors, lambda: body(graph, *tensors))
    return compiled(model, graph, key, body, specs(arrays))


def specs(arrays: Sequence[np.ndarray]) -> list[tf.TensorSpec]:
    """Shapes and types of batches; their number stays free: one trace serves all."""
    return [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in arrays]


def _fingerprint(graph: Graph) -> tuple:
    """What a trace rests on: which operations, how they are wired, what they apply at the end.

    References are weak: they keep nothing alive, and one to what is gone equals no other.
    """

    def weak(item: object) -> object:
        try:
            return weakref.ref(item)
        except TypeError:
            return item

    return (
        graph.outputs,
        tuple(
            (
                weak(node.operation),
                node.inputs,
                weak(getattr(node.operation, "activation", None)),
                getattr(node.operation, "lora_enabled", None),
                getattr(node.operation, "quantization_mode", None),
            )
            for node in graph.nodes
        ),
    )


def called(graph: Graph, score: Callable, outputs: Sequence[tf.Tensor], count: int) -> tf.Tensor:
    """Call the user's target on what the model returns, and check what it gives."""
    scores = score(graph.pack(outputs))
    received = "None"
    if scores is not None:
        scores = tf.cast(tf.convert_to_tensor(scores), tf.float32)
        received = f"shape {tuple(scores.shape)}"
    if scores is None or tuple(scores.shape) != (count,):
        raise ValueError(
            f"target, as a callable, must give one score for each image, ({count},); "
            f"received {received}."
        )
    return scores


def class_scores(logits: tf.Tensor, classes: tf.Tensor, *, binary: bool) -> tf.Tensor:
    """The score of a class for each image: its logit.

    Args:
        logits: (N, classes), or (N, h, w, classes), which are averaged over the positions.
        classes: (N,) int; `PREDICTED` takes the highest logit.
        binary: whether a single sigmoid unit stands for two classes: the score of class 1 is
            the logit, that of class 0 its negative.
    """
    table = _by_class(logits, tf.negative if binary else None)
    chosen = chosen_classes(logits, classes, binary=binary)
    return tf.gather(table, chosen, axis=-1, batch_dims=1)


def chosen_classes(logits: tf.Tensor, classes: tf.Tensor, *, binary: bool) -> tf.Tensor:
    """The class indices, (N,) int32, with the predicted class in place of `PREDICTED`."""
    table = _by_class(logits, tf.negative if binary else None)
    best = tf.argmax(table, axis=-1, output_type=tf.int32)
    return tf.where(classes == PREDICTED, best, classes)


def _by_class(outputs: tf.Tensor, of_no: Callable | None) -> tf.Tensor:
    """Outputs as (N, classes): means over positions; for one sigmoid unit "no" beside "yes"."""
    if len(outputs.shape) == 1:  # (N,), of one unit
        outputs = outputs[:, None]
    if len(outputs.shape) > 2:
        outputs = tf.reduce_mean(outputs, axis=list(range(1, len(outputs.shape) - 1)))
    return outputs if of_no is None else tf.concat([of_no(outputs), outputs], axis=-1)


def _probabilities(graph: Graph, key: Key, output: tf.Tensor) -> tf.Tensor:
    head, _after = head_of(graph, key)
    output = tf.cast(output, tf.float32)
    in_logs = head is not None and squashing(head.operation) == "log_softmax"
    return tf.exp(output) if in_logs else output


def in_batches(
    step: Callable, arrays: Sequence[np.ndarray], batch_size: int, verbose: bool | str = False
) -> list[np.ndarray]:
    """Run a computation on a few images at a time, and join what it gives."""
    check_count("batch_size", batch_size)
    parts = []
    with progress("Images", len(arrays[0]), verbose) as advance:
        for i in range(0, len(arrays[0]), batch_size):
            some = [tf.convert_to_tensor(a[i : i + batch_size]) for a in arrays]
            parts.append(step(*some))
            advance(len(some[0]))
    if len(parts) == 1:
        return [part.numpy() for part in parts[0]]
    return [np.concatenate([p.numpy() for p in same]) for same in zip(*parts, strict=True)]


def in_sums(
    step: Callable,
    arrays: Sequence[np.ndarray],
    points: Sequence[np.ndarray],
    batch_size: int,
    advance: Callable[[int], None],
) -> list[np.ndarray]:
    """Run a computation on a few images and a few points at a time, and add up over the points.

    Args:
        step: takes tensors of images and of points; gives sums over the points for each image.
        arrays: one item for each image.
        points: one item for each point; every image meets every point.
        batch_size: how many pairs of image and point are computed at once.
        advance: is told how many pairs have been computed.
    """
    check_count("batch_size", batch_size)

    def over_points(*images: tf.Tensor) -> list[tf.Tensor]:
        count, sums = len(images[0]), None
        at_once = max(1, batch_size // count)
        for i in range(0, len(points[0]), at_once):
            some = [tf.convert_to_tensor(p[i : i + at_once]) for p in points]
            parts = step(*images, *some)
            sums = parts if sums is None else [a + b for a, b in zip(sums, parts, strict=True)]
            advance(count * len(some[0]))
        return sums

    return in_batches(over_points, arrays, batch_size)
