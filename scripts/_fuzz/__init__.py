"""Random cases for the fuzzers, and their plain computation."""
