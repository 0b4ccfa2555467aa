"""Which units of its input a unit of a layer takes: what is known of Keras's own layers."""
