"""Multilayer perceptron (Rumelhart, Hinton & Williams 1986), with the layers of LeCun 1998."""

from keras.layers import Dense, Flatten

from kerascnn._checks import is_whole

from ._registry import architecture

HIDDEN = (300, 100)  # LeCun et al. 1998, section III.C: 28x28-300-100-10


# `@architecture` passes in the input tensor and the last dense layer; users call the builder with
# the arguments of keras.applications.
@architecture(
    reference="Rumelhart et al. 1986, Learning representations by back-propagating errors",
    year=1986,
    input_shape=(28, 28, 1),
    classes=10,
    min_size=1,
    parameters=266_610,
    macs=266_200,
    options="hidden: number of units in each hidden layer.\n"
    "activation: activation function of the hidden layers.",
)
def build_mlp(inputs, classifier, *, hidden=HIDDEN, activation="relu"):
    """Multilayer perceptron on the pixels, with hidden layers of 300 and 100 units.

    DEVIATION: ReLU instead of the paper's sigmoid, as in today's courses.

    >>> import kerascnn as kc
    >>> kc.build_mlp(hidden=(128,)).count_params()
    101770
    """
    hidden = (hidden,) if is_whole(hidden) else tuple(hidden)
    if not all(is_whole(units, 1) for units in hidden):
        raise ValueError(
            f"hidden must be whole numbers of at least 1, one for each layer; received {hidden}."
        )
    if classifier is None:
        return inputs
    x = Flatten(name="flatten")(inputs)
    for i, units in enumerate(hidden, start=1):
        x = Dense(units, activation=activation, name=f"fc{i}")(x)
    return classifier(x)
