"""Random cases of training: options, networks and data."""
