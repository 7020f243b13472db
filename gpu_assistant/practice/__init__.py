"""The practice workspace: a loopback emulator of the part of Azure Machine Learning that the SDK speaks to."""
