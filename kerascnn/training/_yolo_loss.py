"""What YOLO learns from: boxes on the grid, and the loss (Redmon 2016, arXiv:1506.02640)."""

import keras
import numpy as np
from keras import ops

COORDINATE = 5.0  # Section 2.2: "lambda_coord = 5"
NO_OBJECT = 0.5  # Section 2.2: "lambda_noobj = .5"
BOX = 5  # x, y, w, h and a confidence
FLAT = 1e-6  # below it the slope of a square root is cut off


def encode_boxes(labels, *, grid=(7, 7), classes=20):
    """Put objects into the cells of a grid that their centres lie in.

    Args:
        labels: `(N, M, 5)` float: class index, and centre x, centre y, width, height as parts of
            the image, 0 to 1. Rows of class -1 are no objects.
        grid: Cells downwards and across.
        classes: The number of classes, K.

    Returns:
        `(N, *grid, 5 + K)` float32: 1 where there is an object; x, y from the cell's upper left
        corner in cells; w, h as parts of the image; 1 for the class. Of several objects in a cell
        the first stays, since a cell of YOLO finds one.

    Raises:
        ValueError: Labels of another shape, classes that there are not, boxes beyond the image.

    >>> encode_boxes(np.array([[[2, 0.5, 0.25, 0.2, 0.1]]]), grid=(2, 2), classes=3)[0, 0, 1]
    array([1. , 0. , 0.5, 0.2, 0.1, 0. , 0. , 1. ], dtype=float32)
    """
    labels = np.asarray(labels, dtype="float32")
    check_boxes(labels, classes)
    image, row = np.nonzero(labels[..., 0] >= 0)
    found = labels[image, row]
    kind = found[:, 0].astype(int)
    encoded = np.zeros((len(labels), *grid, BOX + classes), "float32")
    place = found[:, [2, 1]] * grid  # y, x
    cell = np.minimum(place.astype(int), np.array(grid) - 1)
    y, x = (place - cell).T
    values = np.column_stack([np.ones(len(x)), x, y, found[:, 3:], np.eye(classes)[kind]])
    for where, value in zip(zip(image, *cell.T, strict=True), values, strict=True):
        if not encoded[where][0]:
            encoded[where] = value
    return encoded


def check_boxes(labels, classes):
    """Refuse, without encoding them, labels that `encode_boxes` cannot take.

    Raises:
        ValueError: As there.
    """
    if labels.ndim != 3 or labels.shape[-1] != BOX:
        raise ValueError(
            f"labels of boxes must be (N, objects, 5): class, x, y, w, h; received {labels.shape}."
        )
    found = labels[labels[..., 0] >= 0]
    kind = found[:, 0].astype(int)
    if (kind >= classes).any():
        raise ValueError(
            f"labels must lie in 0…{classes - 1}, the model's {classes} classes; "
            f"received {kind.min()} to {kind.max()}."
        )
    if (found[:, 1:] < 0).any() or (found[:, 1:] > 1).any():
        raise ValueError(
            f"boxes must be parts of the image, 0 to 1; received {found[:, 1:].min()} to "
            f"{found[:, 1:].max()}: divide pixels by the image's width and height."
        )


@keras.saving.register_keras_serializable(package="kerascnn")
class YoloLoss(keras.losses.Loss):
    """The sum of squares over a grid of boxes, Equation 3.

    Of a cell's boxes the one that overlaps the object most is responsible for it. It learns the
    object's place, the square roots of its size, and that overlap as its confidence; all other
    boxes learn a confidence of 0.

    DEVIATION: a width or height below 0, which a linear output can give, has minus the root of
    its amount.

    Takes what `encode_boxes` gives and `(N, H, W, 5 B + K)` as of `build_yolov1`: B times x, y, w,
    h, confidence, then K scores.

    Args:
        boxes: B, boxes of a cell.
        coordinate: Weight of places and sizes.
        no_object: Weight of the confidences where there is no object.

    >>> target = encode_boxes(np.array([[[0, 0.5, 0.5, 1, 1]]]), grid=(1, 1), classes=1)
    >>> right = np.array([0.5, 0.5, 1, 1, 1, 1], "float32").reshape(1, 1, 1, 6)
    >>> float(YoloLoss(boxes=1)(target, right))
    0.0
    """

    def __init__(
        self, boxes=2, coordinate=COORDINATE, no_object=NO_OBJECT, name="yolo_loss", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        self.boxes = boxes
        self.coordinate = coordinate
        self.no_object = no_object

    def call(self, y_true, y_pred):
        """The loss of each image, (N,)."""
        height, width = y_pred.shape[1:3]
        cells = ops.convert_to_tensor(np.array([width, height], "float32"))
        object_here, place, size = y_true[..., 0], y_true[..., None, 1:3], y_true[..., None, 3:5]
        shape = (-1, height, width, self.boxes, BOX)
        found = ops.reshape(y_pred[..., : BOX * self.boxes], shape)
        found_place, found_size, confidence = found[..., :2], found[..., 2:4], found[..., 4]

        overlap = iou(place / cells, size, found_place / cells, ops.maximum(found_size, 0))
        overlap = ops.stop_gradient(overlap)
        best = ops.one_hot(ops.argmax(overlap, axis=-1), self.boxes, dtype=y_pred.dtype)
        responsible = object_here[..., None] * best  # 1_ij^obj

        roots = ops.square(signed_root(size) - signed_root(found_size))
        coordinates = ops.sum(ops.square(place - found_place) + roots, axis=-1)
        objects = ops.square(overlap - confidence)
        nothing = ops.square(confidence)
        kinds = ops.sum(ops.square(y_true[..., BOX:] - y_pred[..., BOX * self.boxes :]), axis=-1)
        per_box = (  # Eq. 3
            self.coordinate * responsible * coordinates
            + responsible * objects
            + self.no_object * (1 - responsible) * nothing
        )
        return ops.sum(ops.sum(per_box, axis=-1) + object_here * kinds, axis=(1, 2))

    def get_config(self):
        """What makes the same loss again."""
        more = {name: getattr(self, name) for name in ("boxes", "coordinate", "no_object")}
        return {**super().get_config(), **more}


def iou(place, size, other_place, other_size):
    """Intersection over union of boxes given by centre and size; 0 where neither has an area."""
    low = ops.maximum(place - size / 2, other_place - other_size / 2)
    high = ops.minimum(place + size / 2, other_place + other_size / 2)
    both = ops.prod(ops.maximum(high - low, 0), axis=-1)
    either = ops.prod(size, axis=-1) + ops.prod(other_size, axis=-1) - both
    return both / ops.maximum(either, FLAT)


def signed_root(x):
    """The square root, odd, with a finite slope at 0."""
    return ops.sign(x) * ops.sqrt(ops.maximum(ops.abs(x), FLAT))
