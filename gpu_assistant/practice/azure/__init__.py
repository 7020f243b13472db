"""The Azure surface: what the SDK asks of Resource Manager, the registry, storage and web services."""
