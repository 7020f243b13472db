"""A browser command that does its person's work and then does not return until its marker file is gone."""

import runpy
import sys
import time
from pathlib import Path

marker = Path(sys.argv[2])
marker.touch()
runpy.run_path(str(Path(__file__).with_name("fake_browser.py")), run_name="__main__")
for _ in range(600):
    if not marker.exists():
        break
    time.sleep(0.1)
