"""Rules for Keras's own layers: which input units each unit depends on."""
