"""The SDK warns about itself while it is imported; everything else that warns is an error in these tests."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import azureml.core  # noqa: F401
