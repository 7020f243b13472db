"""The practice workspace: a loopback emulator of the part of Azure Machine Learning that the SDK speaks to.

`front/` turns bytes into requests, `sign_in/` and `azure/` answer them, `replicas/` runs what was deployed,
`sample/` makes the model that is there from the start. `server.py` puts these together, `lifecycle.py` starts and
stops it, `command.py` is `gpu-assistant practice`. COVERAGE.md lists every request that is answered.
"""
