"""How a cloud SDK does what the domain asks."""
