"""LeNet-5 without weight sharing, which shows how many parameters convolution saves."""

from functools import partial

from keras.layers import Dense, Flatten, MaxPooling2D

from kerascnn.layers import LocallyConnected2D

from ._finish import Size
from ._registry import architecture
from .lenet import C1, C3, C5, F6, PAPER_SIZE


# `@architecture` passes in the input tensor and the last dense layer; users call the builder with
# the arguments of keras.applications.
@architecture(
    reference="LeCun 1989, Generalization and network design strategies (Net-3)",
    year=1989,
    input_shape=(28, 28, 1),
    classes=10,
    min_size=28,
    size=Size.STATIC,
    parameters=423_038,  # 122,304 + 241,600 + 48,120 + 10,164 + 850
    macs=416_520,  # as in LeNet-5, whose weights are used at many positions
)
def build_locally_connected(inputs, classifier):
    """LeNet-5 with unshared weights: 423,038 parameters, compared with 61,706.

    Each layer has as many multiply-accumulate operations as in `build_lenet5`, so that the two are
    comparable; the paper's Net-3 is smaller.

    >>> import kerascnn as kc
    >>> kc.build_locally_connected().count_params()
    423038
    """
    local = partial(LocallyConnected2D, kernel_size=5, activation="relu")
    small = any(size < PAPER_SIZE for size in inputs.shape[1:3])
    x = local(C1, padding="same" if small else "valid", name="c1")(inputs)
    x = MaxPooling2D(2, name="s2")(x)
    x = local(C3, name="c3")(x)
    x = MaxPooling2D(2, name="s4")(x)
    x = local(C5, name="c5")(x)
    if classifier is None:
        return x
    x = Flatten(name="flatten")(x)
    x = Dense(F6, activation="relu", name="f6")(x)
    return classifier(x)
