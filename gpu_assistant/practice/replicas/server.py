"""The process that becomes Microsoft's inference server, on the loopback interface only.

Run by the guard as `… replicas.server GUARD_PID SOCKET_FD ENTRY_SCRIPT PORT`. The server of
`azureml-inference-server-http` always binds 0.0.0.0, and nothing on its command line or in its environment
changes that. Where gunicorn is underneath (not on Windows), it is handed a socket that already listens on
127.0.0.1, through the protocol for systemd sockets that gunicorn documents; besides the right address this
means that no other program can take the port between choosing and binding it.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys

from gpu_assistant.practice.python_path import PACKAGE_ROOT
from gpu_assistant.practice.stand_back import keep_back

_PR_SET_PDEATHSIG = 1
_FIRST_SYSTEMD_FD = 3


def main(arguments: list[str]) -> None:
    """Set the process up and run the inference server; returns or exits when that ends."""
    guard_pid, socket_fd, entry_script, port = arguments
    _die_with_parent(int(guard_pid))
    keep_back()
    _hide_our_own_package()
    if int(socket_fd) >= 0:
        _hand_over_socket(int(socket_fd))
    os.chdir(os.environ["AML_APP_ROOT"])  # before gunicorn is imported: it remembers where it was
    _disable_control_socket()

    from azureml_inference_server_http import amlserver

    amlserver.DEFAULT_HOST = "127.0.0.1"  # heeded on Windows; elsewhere the socket above decides
    sys.argv = ["azmlinfsrv", "--entry_script", entry_script, "--port", port]
    amlserver.run()


def _die_with_parent(parent: int) -> None:
    """Linux: be killed when the guard is, and let gunicorn's workers be killed when this master is."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    master = os.getpid()

    def follow_the_master() -> None:
        # Direct children only: a script may fork from a thread, whose end would count as the parent's death.
        if os.getppid() == master:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    os.register_at_fork(after_in_child=follow_the_master)


def _hide_our_own_package() -> None:
    """Let the entry script import what it would find in Azure, and not what lies beside a checkout of ours.

    `-m` put the working directory first on the path, the pool put the checkout there through PYTHONPATH.
    """
    sys.path.pop(0)
    first, _, others = os.environ.get("PYTHONPATH", "").partition(os.pathsep)
    if first == str(PACKAGE_ROOT):
        sys.path.remove(first)
        os.environ["PYTHONPATH"] = others


def _hand_over_socket(descriptor: int) -> None:
    if descriptor != _FIRST_SYSTEMD_FD:
        os.dup2(descriptor, _FIRST_SYSTEMD_FD)
        os.close(descriptor)
    os.environ["LISTEN_FDS"] = "1"
    os.environ["LISTEN_PID"] = str(os.getpid())


def _disable_control_socket() -> None:
    """gunicorn 25.1 and later open a control socket in the home folder, one path for all replicas."""
    try:
        config = importlib.import_module("gunicorn.config")
    except ImportError:  # Windows
        return
    if hasattr(config, "ControlSocketDisable"):
        given = os.environ.get("GUNICORN_CMD_ARGS", "")
        os.environ["GUNICORN_CMD_ARGS"] = f"{given} --no-control-socket".strip()


if __name__ == "__main__":
    main(sys.argv[1:])
