"""What the methods stand on: question, compilation, tape, scores, batches, ascent."""
