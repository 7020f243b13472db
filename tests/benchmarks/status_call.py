"""How long one bare `status()` takes in practice, through the SDK process and the proxy.

    python -m tests.benchmarks.status_call [CALLS]

The two kinds of resource are read in turn, in one run; the table shows medians. The bar of the design is 150 ms.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from gpu_assistant.app import Assistant, Choices
from gpu_assistant.domain.billing import ResourceHandle, ResourceKind
from gpu_assistant.domain.compute import ComputeSpec
from gpu_assistant.practice import lifecycle

BAR_MS = 150.0


def main() -> int:
    """Print the table; 1 when the bar is missed."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory(prefix="gpa-") as folder:
        assistant = Assistant(Choices(data_dir=Path(folder), practice=True, speed=float("inf")))
        try:
            backend = assistant.connect(lambda prompt: None)
            cluster = backend.start_compute_target(ComputeSpec("gpu-aks", "Standard_NC4as_T4_v3"))
            absent = ResourceHandle(ResourceKind.WEB_SERVICE, "no-such-service")
            times: dict[str, list[float]] = {"compute target": [], "web service": []}
            for _ in range(calls):
                for name, handle in (("compute target", cluster), ("web service", absent)):
                    started = time.perf_counter()
                    backend.status(handle)
                    times[name].append((time.perf_counter() - started) * 1000)
            backend.start_delete(cluster)
        finally:
            assistant.close()
            lifecycle.stop(Path(folder))
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {calls} calls each, interleaved")
    for name, measured in times.items():
        worst = max(measured)
        print(f"  {name:<15} {statistics.median(measured):6.1f} ms   (worst {worst:.1f})   bar {BAR_MS:.0f} ms")
    return 0 if all(statistics.median(measured) <= BAR_MS for measured in times.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
