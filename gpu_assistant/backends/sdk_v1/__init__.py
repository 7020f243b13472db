"""The adapter on `azureml-core`. Imported in the SDK process alone."""
