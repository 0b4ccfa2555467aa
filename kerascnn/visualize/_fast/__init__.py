"""Faster implementations of convolutions."""
