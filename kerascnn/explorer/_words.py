"""Every word of the page, by the key under which its scripts look for it."""

from kerascnn._text import text as _


def words() -> dict[str, str]:
    """Return the words of the page in the current language."""
    return {**_frame(), **_input(), **_network(), **_layer(), **_why(), **_change(), **_sizes()}


def _frame() -> dict[str, str]:
    return {
        "explorer": _("Explorer"),
        "skip": _("Skip to the network"),
        "language": _("Language"),
        "dark": _("Dark theme"),
        "close": _("Close"),
        "scripts": _("This page needs JavaScript."),
        "broken": _("This page does not work in this browser: {reason}"),
        "views": _("Views"),
        "layerTab": _("Numbers"),
        "whyTab": _("Why this answer?"),
        "changeTab": _("What if?"),
        "sizesTab": _("Output sizes"),
    }


def _input() -> dict[str, str]:
    return {
        "input": _("Input"),
        "inputName": _("Input"),
        "outputName": _("Output"),
        "board": _(
            "Drawing board: the arrow keys move the pen, the space bar lowers or lifts it, Delete"
            " clears the board"
        ),
        "boardHint": _("Draw here, or drop or paste an image."),
        "penDown": _("Pen down"),
        "penUp": _("Pen up"),
        "pen": _("Pen"),
        "clear": _("Clear"),
        "open": _("Open an image"),
        "camera": _("Camera"),
        "noCamera": _("The camera is not available, or its use was not allowed."),
        "clipboard": _("clipboard"),
        "notAPicture": _("The browser cannot read “{name}” as an image. Use a PNG or JPEG file."),
        "tooLarge": _("“{name}” is too large. Use an image of at most {limit} MB."),
        "tooManyPixels": _(
            "“{name}” is too large. Use an image of at most {limit} million pixels."
        ),
        "noFile": _("There is no image file in what was dropped or pasted."),
        "numbersOnly": _("The input “{name}” takes numbers, not an image."),
        "pictureShown": _("Input: “{name}”"),
        "samples": _("Samples"),
        "answer": _("Answer:"),
        "atPixel": _("{answer} (row {y}, column {x})"),
        "classMap": _("Class of each pixel"),
        "noClasses": _("This output has no classes. Select its layer to see its values."),
        "answerIs": _("Answer: {answer}"),
        "accuracyIs": _("Correct on {right} of {count} samples"),
    }


def _network() -> dict[str, str]:
    return {
        "training": _("Training"),
        "play": _("Play"),
        "pause": _("Pause"),
        "epoch": _("Epoch"),
        "epochIs": _("Epoch {epoch}"),
        "loss": _("loss"),
        "val_loss": _("validation loss"),
        "accuracy": _("accuracy"),
        "val_accuracy": _("validation accuracy"),
        "network": _("Network"),
        "layers": _("All layers, from the input to the output"),
        "mainOnly": _("Main layers only"),
        "restore": _("Undo all changes"),
        "key": _("Key"),
        "keyLow": _("activations: low"),
        "keyHigh": _("high"),
        "keyNegative": _("weights: negative"),
        "keyPositive": _("positive"),
        "about": _("{count} weights and statistics."),
        "storedChange": _(
            "They are stored as {type}, which changes an output by at most {change} on {count}"
            " images."
        ),
        "epochsChange": _(
            "Earlier epochs are rounded, which changes an output by at most {change} on {count}"
            " images."
        ),
        "mapsAlt": _("{name}: {count} maps of {height}×{width}"),
        "vectorAlt": _("{name}: {count} values"),
        "moreMaps": _("{count} more maps: select one by its number below."),
        "foldLayer": _("Hide the maps of {name}"),
        "unfoldLayer": _("Show the maps of {name}"),
    }


def _layer() -> dict[str, str]:
    return {
        "layer": _("Layer"),
        "map": _("Map"),
        "unit": _("Unit"),
        "row": _("Row"),
        "column": _("Column"),
        "slide": _("Move the window"),
        "stop": _("Stop"),
        "facts": _("{kind}, output {shape}, {count} parameters"),
        "bias": _("bias"),
        "poolMax": _("the largest of {count} values"),
        "poolMean": _("the mean of {count} values"),
        "inputChannel": _("Input map"),
        "channelOf": _("{channel} (of {count}): its products add up to {sum}"),
        "sourceMap": _("Input map with its window"),
        "resultMap": _("Output map"),
        "patch": _("values in the window"),
        "inputValues": _("input values"),
        "kernel": _("kernel"),
        "products": _("products"),
        "receptiveField": _("Receptive field"),
        "filter": _("Filter: one kernel per input map"),
        "strongest": _("Samples with the largest value in this map"),
        "sourceAlt": _("Map {map} of {name}, with the window"),
        "resultAlt": _("Map {map} of {name}"),
        "fieldAlt": _(
            "The receptive field covers {height}×{width} pixels: rows {top} to {bottom}, columns"
            " {left} to {right}"
        ),
        "filterAlt": _("The filter of map {map} of {name}"),
    }


def _why() -> dict[str, str]:
    return {
        "target": _("Class"),
        "predictedClass": _("the predicted class"),
        "camLayer": _("Layer of Grad-CAM"),
        "patchSize": _("Covered patch"),
        "saliency": _("Saliency"),
        "gradCam": _("Grad-CAM"),
        "occlusion": _("Occlusion"),
        "saliencyAlt": _("Saliency for {answer}"),
        "camAlt": _("Grad-CAM for {answer} at the layer {layer}"),
        "occlusionAlt": _("How much the score for {answer} falls where a patch is covered"),
        "whyHint": _(
            "Saliency: pixels whose small changes affect the score most. Grad-CAM: regions whose"
            " activations raise the score. Occlusion: red where the score falls when a patch is"
            " covered, blue where it rises."
        ),
    }


def _change() -> dict[str, str]:
    return {
        "undo": _("Undo"),
        "rank": _("Which map matters most?"),
        "maps": _("Maps"),
        "on": _("on"),
        "hold": _("hold"),
        "weightAt": _("Weight in row {row}, column {column}"),
        "nothingChanged": _(
            "Switch a map off, hold it as it is, or edit the weights of a kernel. The network"
            " responds at once."
        ),
        "effect": _("Before: {before}. Now: {after}."),
        "effectSame": _("Score of {answer} now: {score}."),
        "accuracyEffect": _("Correct samples: {before} before, {after} now, of {count}."),
        "ranked": _(
            "Score of {answer}, {score} with all maps, when one map of {layer} is switched off"
        ),
        "withoutMap": _("Without"),
        "fall": _("Logit falls by"),
        "numberFall": _("Value falls by"),
        "score": _("Score"),
    }


def _sizes() -> dict[str, str]:
    return {
        "operation": _("Operation"),
        "operation_convolution": _("Convolution"),
        "operation_transposed": _("Transposed convolution"),
        "size": _("Input size"),
        "kernelSize": _("Kernel size"),
        "stride": _("Stride"),
        "padding": _("Padding"),
        "rule": _("Kind of padding"),
        "rule_number": _("a number on each side"),
        "rule_valid": _("“valid”: none"),
        "rule_same": _("“same”, as in TensorFlow"),
        "dilation": _("Dilation"),
        "depth": _("Input channels"),
        "filters": _("Filters"),
        "groups": _("Groups"),
        "position": _("Position of the window"),
        "positionOfValue": _("Position in the input"),
        "stepOf": _("{step} of {count}"),
        "inputSize": _("input, {size}×{size}"),
        "outputSize": _("output, {size}×{size}"),
        "parameters": _("Parameters"),
        "macs": _("MACs"),
        "doesNotFit": _("Without rounding, the size would be {exact}: the windows do not fit."),
        "oneUnseen": _("No window covers the last row and column."),
        "unseen": _("No window covers the last {count} rows and columns."),
        "tooSmall": _("The kernel covers {reach} values, but the padded input has only {size}."),
        "stamp": _("{value} · kernel, added to the output"),
        "cutOff": _("Rows and columns cut off: {before} at the start, {after} at the end."),
        "nothingLeft": _("Padding cuts off all of the {full} values that the kernels cover."),
        "oneUnwritten": _("No kernel reaches the last row and column, which stay 0."),
        "unwritten": _("No kernel reaches the last {count} rows and columns, which stay 0."),
        "notInKeras": _("Keras refuses a stride and a dilation that are both greater than 1."),
        "noGroups": _("{groups} groups must divide {depth} input channels and {filters} filters."),
        "groupIs": _("channels {channels} → filters {filters}"),
    }
