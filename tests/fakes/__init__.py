"""Small stand-ins that we own; none of them pretends to be an SDK."""
