"""The neocognitron (Fukushima 1980, Biological Cybernetics 36), as simulated in the paper."""

from keras.layers import Flatten, ZeroPadding2D

from kerascnn.layers import CCells, SCells

from ._registry import architecture

PLANES = 24
STAGES = (  # S-cells: window, padding and selectivity r; C-cells: window
    (5, 2, 4.0, 7),  # 16x16 -> 16x16 -> 10x10
    (5, 1, 1.5, 3),  # 10x10 -> 8x8 -> 6x6
    (5, 0, 1.5, 2),  # 6x6 -> 2x2 -> 1x1
)


# `@architecture` passes in the input tensor and the last dense layer; users call the builder with
# the arguments of keras.applications.
@architecture(
    reference="Fukushima 1980, Neocognitron: a self-organizing neural network model",
    year=1980,
    input_shape=(16, 16, 1),
    classes=10,
    min_size=16,
    parameters=29_722,  # 25·24 + 24, twice 25·24·24 + 24, 24·10 + 10
    macs=1_305_712,  # 160,000 + 117,600 + 960,000 + 7,776 + 60,000 + 96 + 240
    options="planes: number of cell-planes in each layer.",
)
def build_neocognitron(inputs, classifier, *, planes=PLANES):
    """Neocognitron: three stages of S-cells, which detect features, and C-cells, which pool them.

    S-cells learn non-negative excitatory weights and are subject to shunting inhibition; the
    weights of C-cells are fixed. Images are expected to be bright strokes on a background of 0.

    DEVIATION from the paper: the weights are learned by gradient descent from labels rather than
    by unsupervised competition, and a softmax layer follows the last 24 C-cells. The windows of
    the C-cells are chosen to produce the paper's sizes, 16, 10, 8, 6, 2 and 1, without thinning
    the cells out.

    >>> import kerascnn as kc
    >>> kc.build_neocognitron(include_top=False, input_shape=(16, 16, 1)).output_shape
    (None, 1, 1, 24)
    """
    x = inputs
    for i, (window, padding, selectivity, pool) in enumerate(STAGES, start=1):
        if padding:
            x = ZeroPadding2D(padding, name=f"s{i}_pad")(x)
        x = SCells(planes, window, selectivity, name=f"s{i}")(x)
        x = CCells(pool, name=f"c{i}")(x)
    if classifier is None:
        return x
    return classifier(Flatten(name="flatten")(x))
