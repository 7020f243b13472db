"""Long work: steps, progress, cancellation."""
