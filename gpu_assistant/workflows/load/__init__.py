"""A load test of a web service: requests from a process of its own, what they took, and what that means."""
