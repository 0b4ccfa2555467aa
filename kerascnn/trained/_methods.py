"""The methods that return one map of a picture."""

CAMS = ("grad_cam", "grad_cam_plus_plus", "layer_cam", "hires_cam", "score_cam")  # at a layer
PIXELS = ("saliency", "smooth_grad", "integrated_gradients", "guided_backprop", "guided_grad_cam")
METHODS = (*CAMS, "occlusion", *PIXELS)
