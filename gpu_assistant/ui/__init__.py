"""The window: Tk and nothing else."""
