"""Models of a single layer: linear regression, logistic regression and the perceptron."""

from keras.layers import Flatten

from kerascnn.layers import step

from ._registry import architecture


# `@architecture` passes in the input tensor and the last dense layer; users call the builder with
# the arguments of keras.applications.
@architecture(
    reference="Legendre 1805, Nouvelles méthodes pour la détermination des orbites des comètes",
    year=1805,
    input_shape=(28, 28, 1),
    classes=10,
    classifier_activation=None,
    min_size=1,
    parameters=7_850,
    macs=7_840,
)
def build_linear_regression(inputs, classifier):
    """Linear regression on the pixels, s = W·x + b, with a template and a bias for each class.

    >>> import kerascnn as kc
    >>> kc.build_linear_regression().count_params()  # 784 · 10 + 10
    7850
    """
    return flat(inputs, classifier)


@architecture(
    reference="Cox 1958, The regression analysis of binary sequences",
    year=1958,
    input_shape=(28, 28, 1),
    classes=10,
    min_size=1,
    parameters=7_850,
    macs=7_840,
)
def build_logistic_regression(inputs, classifier):
    """Logistic regression on the pixels, the softmax of W·x + b.

    For two classes, use `classes=1`, which is a single unit with a sigmoid.

    >>> import kerascnn as kc
    >>> kc.build_logistic_regression(classes=1).count_params()
    785
    """
    return flat(inputs, classifier)


@architecture(
    reference="Rosenblatt 1958, The perceptron: a probabilistic model",
    year=1958,
    input_shape=(28, 28, 1),
    classes=1,
    classifier_activation=step,
    min_size=1,
    parameters=785,
    macs=784,
)
def build_perceptron(inputs, classifier):
    """Perceptron on the pixels: 1 if w·x + b is not negative, otherwise 0, for each class.

    The step function passes gradients through unchanged, so that `fit` with plain SGD and half the
    squared error follows Rosenblatt's learning rule.

    >>> import kerascnn as kc
    >>> kc.build_perceptron().count_params()  # 784 weights and a bias
    785
    """
    return flat(inputs, classifier)


def flat(inputs, classifier):
    """Apply one dense layer to the pixels, or none with `include_top=False`."""
    return inputs if classifier is None else classifier(Flatten(name="flatten")(inputs))
