"""The wizard without Tk: what is known, what follows from it, and what the person can ask for."""
