"""The methods that return one map of a picture."""

CAMS = (  # at a layer
    "grad_cam", "grad_cam_plus_plus", "layer_cam", "hires_cam", "finer_cam", "eigen_cam",
    "ablation_cam", "score_cam",
)  # fmt: skip
SUMS = ("gradient_times_input", "blur_integrated_gradients", "deep_lift", "lrp")  # of contributions
PIXELS = (
    "saliency", "smooth_grad", "integrated_gradients", *SUMS, "guided_backprop", "guided_grad_cam",
)  # fmt: skip
#: The methods that `Trained.explain` accepts.
METHODS = (*CAMS, "occlusion", "rise", *PIXELS)
