"""The methods that return one map of a picture."""

from kerascnn.visualize._cams import CAMS

SUMS = ("gradient_times_input", "blur_integrated_gradients", "deep_lift", "lrp")  # of contributions
PIXELS = (
    "saliency", "smooth_grad", "integrated_gradients", *SUMS, "guided_backprop", "guided_grad_cam",
)  # fmt: skip
#: The methods that `Trained.explain` accepts.
METHODS = (*CAMS, "occlusion", "rise", *PIXELS)
