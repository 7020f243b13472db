"""`gpu-assistant deploy`, but the process kills itself right after the Nth write to the ledger.

python deploy_and_die.py N DATA_DIR
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

from gpu_assistant import app
from gpu_assistant.domain.billing import BillableResource
from gpu_assistant.ledger import Ledger


def main() -> int:
    """Returns 0 when the deployment ended before the Nth write."""
    left = int(sys.argv[1])

    def count(row: BillableResource) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    app.Ledger = partial(Ledger, on_write=count)  # type: ignore[assignment,misc]
    from gpu_assistant.__main__ import main as run

    deploy = ["deploy", "--practice", "--speed", "max", "--model", "efficientnet-lite0"]
    return run([*deploy, "--vm-size", "Standard_NC4as_T4_v3", "--data-dir", sys.argv[2]])


if __name__ == "__main__":
    sys.exit(main())
