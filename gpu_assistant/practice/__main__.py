"""`python -m gpu_assistant.practice`: how the background server is started."""

import sys

from gpu_assistant.practice.command import run

if __name__ == "__main__":
    sys.exit(run())
