"""LeNet-5 (LeCun, Bottou, Bengio & Haffner 1998), Figure 2, as it is built today."""

from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

from ._registry import architecture

C1, C3, C5, F6 = 6, 16, 120, 84  # maps and units of the paper's layers
PAPER_SIZE = 32


@architecture(
    reference="LeCun et al. 1998, Gradient-based learning applied to document recognition",
    year=1998,
    input_shape=(28, 28, 1),
    classes=10,
    min_size=28,
    parameters={"modern": 61_706},
    macs={"modern": 416_520},
    options='variant: "modern", with full connections, max-pooling, ReLU and softmax.',
)
def build_lenet5(inputs, classifier, *, variant="modern"):
    """LeNet-5: [CONV-POOL-CONV-POOL-CONV-FC], 61,706 parameters.

    The paper pads MNIST's 28x28 digits to 32x32 beforehand; here C1 pads ("same"), which gives
    the same maps. Inputs of 32x32 and more are taken without padding, as in the paper.

    DEVIATION from the paper, as in today's courses: C3 sees all six maps of S2, the pools have
    no weights, ReLU for tanh, softmax for radial basis functions.

    >>> import kerascnn as kc
    >>> kc.build_lenet5().count_params()
    61706
    """
    small = any(size is None or size < PAPER_SIZE for size in inputs.shape[1:3])
    padding = "same" if small else "valid"
    x = Conv2D(C1, 5, padding=padding, activation="relu", name="c1")(inputs)
    x = MaxPooling2D(2, name="s2")(x)
    x = Conv2D(C3, 5, activation="relu", name="c3")(x)
    x = MaxPooling2D(2, name="s4")(x)
    x = Conv2D(C5, 5, activation="relu", name="c5")(x)
    if classifier is None:
        return x
    x = Flatten(name="flatten")(x)
    x = Dense(F6, activation="relu", name="f6")(x)
    return classifier(x)
