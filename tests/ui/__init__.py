"""Tests of the window, and what they act with."""
