"""The methods whose heatmaps have the resolution of a layer; read without loading Keras."""

CAMS = (
    "grad_cam", "grad_cam_plus_plus", "layer_cam", "hires_cam", "finer_cam", "eigen_cam",
    "ablation_cam", "score_cam",
)  # fmt: skip
