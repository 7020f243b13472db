"""The front door: one loopback port, its certificates, its tokens, and the way from bytes to a handler."""
