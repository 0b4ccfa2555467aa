"""The devices of this machine, and how `train` uses them."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, get_args

import keras
import tensorflow as tf

from kerascnn import _onednn
from kerascnn._copies import copied
from kerascnn._errors import unknown
from kerascnn._memory import keep_buffers

Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]
PRECISIONS = get_args(Precision)
# NVIDIA's tensor cores support float16 since compute capability 7.0, bfloat16 since 8.0.
FLOAT16, BFLOAT16 = (7, 0), (8, 0)


@dataclass(frozen=True)
class Device:
    """A device that TensorFlow can compute with.

    Args:
        name: Its name for `train(devices=)`, such as `"GPU:0"`.
        model: The name of the product.
        capability: NVIDIA's compute capability, or `None`.
        used: Whether `train` uses it by default.
    """

    name: str
    model: str
    capability: tuple[int, int] | None
    used: bool


@dataclass(frozen=True, repr=False)
class Devices:
    """All devices, and how `train` uses them by default. Prints as lines.

    Args:
        devices: The devices.
        precision: A Keras dtype policy: `"float32"`, `"mixed_float16"` or `"mixed_bfloat16"`.
        xla: Whether XLA compiles the steps of models whose layers support it.
        memory: Description of how memory is handled between steps; `None` if by the system.
        onednn: Whether oneDNN's kernels are switched on; `None` if TensorFlow decides by itself.
    """

    devices: tuple[Device, ...]
    precision: Precision
    xla: bool
    memory: str | None = None
    onednn: str | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """The names of the devices that are used."""
        return tuple(device.name for device in self.devices if device.used)

    def __repr__(self) -> str:
        lines = []
        for device in self.devices:
            capability = ".".join(map(str, device.capability or ()))
            facts = [device.model, capability and f"compute capability {capability}"]
            facts.append("will be used" if device.used else "will not be used")
            lines.append(f"{device.name:7}{', '.join(filter(None, facts))}")
        together = "one device" if len(self.used) == 1 else "each batch shared by all"
        xla = "with" if self.xla else "without"
        lines.append(f"train:  {together}, {self.precision}, {xla} XLA")
        if self.memory:
            lines.append(f"memory: {self.memory}")
        if self.onednn:
            lines.append(f"oneDNN: {self.onednn}")
        return "\n".join(lines)


def devices() -> Devices:
    """Find the GPUs, let them allocate memory as needed, and list what `train` will use.

    All GPUs are used, or the CPU if there is none. The allocation of memory can no longer be
    changed once TensorFlow has used a GPU; then it stays as it is.

    >>> found = devices()
    >>> found.used[0].split(":")[0] in ("CPU", "GPU")
    True
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # it is in use already
            break
    cpus, gpus = (tf.config.list_logical_devices(kind) for kind in ("CPU", "GPU"))
    details = [
        tf.config.experimental.get_device_details(one)
        for one in tf.config.list_physical_devices("GPU")
    ]
    found = [Device(_short(cpu), "CPU", None, used=not gpus) for cpu in cpus[:1]]
    for gpu, detail in zip(gpus, details, strict=False):
        capability = detail.get("compute_capability")
        found.append(Device(_short(gpu), detail.get("device_name", "GPU"), capability, used=True))
    capabilities = [device.capability or (0, 0) for device in found if device.used]
    weakest = min(capabilities)
    precision = precision_for(weakest)
    return Devices(
        tuple(found),
        precision,
        xla=len(gpus) == 1,
        memory=keep_buffers(),
        onednn=_onednn.switch_on(),
    )


def precision_for(capability: tuple[int, int]) -> Precision:
    """Return the dtype policy that is fastest on a GPU with a compute capability.

    >>> [precision_for(it) for it in ((6, 1), (7, 5), (9, 0))]
    ['float32', 'mixed_float16', 'mixed_bfloat16']
    """
    if capability >= BFLOAT16:
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= FLOAT16 else "float32"


def make_deterministic() -> None:
    """Make TensorFlow compute the same bits each time, for the rest of the process."""
    if keras.backend.backend() == "tensorflow":
        tf.config.experimental.enable_op_determinism()


@dataclass(frozen=True)
class Placement:
    """Where and how a run computes.

    Args:
        devices: names of the devices.
        precision: a Keras dtype policy.
        strategy: a `tf.distribute` strategy, or `None` for a model that stays where it is.
    """

    devices: tuple[str, ...]
    precision: Precision
    strategy: Any = None

    @property
    def count(self) -> int:
        """The number of devices that share a batch."""
        return 1 if self.strategy is None else len(self.devices)

    def scope(self) -> AbstractContextManager:
        """Return a context that creates variables on the devices."""
        return nullcontext() if self.strategy is None else self.strategy.scope()


def placement(
    model: keras.Model,
    names: Sequence[str] | str | None,
    precision: Precision | None,
    batch_size: int,
) -> Placement:
    """Decide where and how a model trains.

    Args:
        model: the model.
        names: names of devices. `None`: all GPUs, or the CPU; only as many GPUs as can share a
            batch evenly, and one for a model that cannot be rebuilt from its configuration.
        precision: a dtype policy; `None`: the fastest on the devices.
        batch_size: images per step.

    Raises:
        ValueError: If a device or a policy does not exist.
    """
    if precision is not None and precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    if keras.backend.backend() != "tensorflow":
        if names is not None:
            raise ValueError(
                f"devices must be None with Keras's backend {keras.backend.backend()!r}; "
                f"received {names!r}."
            )
        return Placement((keras.backend.backend(),), precision or "float32")
    there = devices()
    precision = precision or there.precision
    if names is None:
        own = model.distribute_strategy
        if own.num_replicas_in_sync > 1:  # the user has chosen
            return Placement(tuple(own.extended.worker_devices), precision, own)
        clones = bool(getattr(model, "outputs", None))
        used = there.used[: even_share(batch_size, len(there.used) if clones else 1)]
        if len(used) == 1:
            return Placement(used, precision)
    else:
        used = (names,) if isinstance(names, str) else tuple(names)
        known = [_short(device) for device in tf.config.list_logical_devices()]
        for name in used:
            if name not in known:
                raise unknown("devices", name, known)
        if batch_size % len(used):
            raise ValueError(
                f"batch_size must be a multiple of {len(used)}, the number of devices; "
                f"received {batch_size}."
            )
    return Placement(used, precision, tf.distribute.MirroredStrategy(list(used)))


def even_share(batch_size: int, devices: int) -> int:
    """Return the largest number of devices that can share a batch evenly.

    >>> even_share(128, 8), even_share(50, 4), even_share(1, 2)
    (8, 2, 1)
    """
    return max(count for count in range(1, devices + 1) if batch_size % count == 0)


@contextmanager
def placed(model: keras.Model, where: Placement) -> Iterator[keras.Model]:
    """Yield the model to train.

    On one device, this is the model itself; on several, a copy on all of them, whose weights are
    copied back to the model at the end.
    """
    if where.strategy is None or where.strategy is model.distribute_strategy:
        try:
            with in_precision(model, where.precision):
                yield model
        finally:
            _forget_functions(model)  # they saw the labels and the dropout rate of this run
        return
    with where.scope():
        twin = copied(model)
        for layer, original in zip(leaves(twin), leaves(model), strict=True):
            layer.trainable = original.trainable
    try:
        with in_precision(twin, where.precision):
            yield twin
    finally:
        model.set_weights(twin.get_weights())


@contextmanager
def in_precision(model: keras.Model, policy: Precision) -> Iterator[None]:
    """Compute a float32 model in another precision, except for the layers of its outputs.

    Its weights stay float32, and layers that have another precision keep it.
    """
    if policy == "float32":
        yield
        return
    last = {id(layer) for layer in output_layers(model)}
    changed = [
        layer
        for layer in [model, *leaves(model)]
        if id(layer) not in last and layer.dtype_policy.name == "float32"
    ]
    try:
        for layer in changed:
            layer.dtype_policy = policy
        yield
    finally:
        for layer in changed:
            layer.dtype_policy = "float32"
        _forget_functions(model)  # they were compiled with the other precision


def _forget_functions(model: keras.Model) -> None:
    """Let Keras compile the functions of `fit`, `evaluate` and `predict` again."""
    for function in ("train_function", "test_function", "predict_function"):
        setattr(model, function, None)


def leaves(model: keras.Model) -> list[keras.Layer]:
    """List all layers of a model, also within nested models, but not these models."""
    return [one for one in model._flatten_layers(include_self=False) if not is_model(one)]


def is_model(layer: keras.Layer) -> bool:
    """Return whether a layer is a model."""
    return isinstance(layer, keras.Model)


def output_layers(model: keras.Model) -> list[keras.Operation]:
    """List the layers that compute a model's outputs, also within nested models."""
    if not getattr(model, "outputs", None):
        return model.layers[-1:]
    found = []
    for tensor in model.outputs:
        layer = tensor._keras_history.operation
        found += output_layers(layer) if is_model(layer) else [layer]
    return found


def _short(device: Any) -> str:
    """Shorten "/device:GPU:0" to "GPU:0"."""
    return device.name.removeprefix("/device:").removeprefix("/physical_device:")
