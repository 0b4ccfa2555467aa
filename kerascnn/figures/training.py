"""Training (lecture map, E)."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._text import text as _

from ._layout import note
from ._registry import figure

FEW = 150  # images to learn by heart
EPOCHS = 40


@figure(
    title="Over-fitting: the training loss falls, the validation loss does not",
    alt="Loss and accuracy of LeNet-5 over 40 epochs on 150 digits: training reaches 100 percent, "
    "validation stays behind, and its loss stops falling.",
)
def overfitting() -> Figure:
    """Train LeNet-5 on too few digits, for real, and draw both curves."""
    import keras

    from kerascnn import models, training

    digits = datasets.load("digits")
    few = tuple(part[:FEW] for part in digits.train)
    keras.utils.set_random_seed(0)
    run = training.train(
        models.build("lenet5"),
        (few, digits.validation),
        recipe="adam",
        epochs=EPOCHS,
        batch_size=32,
        verbose=0,
    )
    fig, axes = plt.subplots(1, 2)
    plots.training_curves(run.history, metrics=["loss", "accuracy"], ax=axes)
    note(
        fig,
        _(
            "LeNet-5 on {train} digits, validated on {validation} by other writers.",
            train=FEW,
            validation=len(digits.validation[0]),
        ),
    )
    return fig
