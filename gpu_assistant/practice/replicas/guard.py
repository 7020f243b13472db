"""The parent of one replica's processes: it lives to end them.

Run as `python -m gpu_assistant.practice.replicas.guard SOCKET_FD ENTRY_SCRIPT PORT`. Its standard input is a
pipe that only the practice server holds open. The kernel closes that pipe however the server ends, SIGKILL
included, and then everything below the guard is killed. Should the guard itself be killed, its child is
killed by the kernel (Linux: parent-death signal, set in `server.py`).

Standard library only, and little of it: one of these runs beside every replica.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from gpu_assistant.practice.stand_back import keep_back

_PR_SET_CHILD_SUBREAPER = 36
_EXIT_CODE_OF_SIGNAL = 128


def main(arguments: list[str]) -> int:
    """Start the replica, wait for its end or for the end of the practice server, and leave nothing behind."""
    socket_fd = int(arguments[0])
    _adopt_orphans()
    keep_back()
    command = [sys.executable, "-m", "gpu_assistant.practice.replicas.server", str(os.getpid()), *arguments]
    inherited = (socket_fd,) if socket_fd >= 0 else ()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=inherited)
    for descriptor in inherited:
        os.close(descriptor)  # held here, it would keep the port open after the replica has crashed
    threading.Thread(target=_kill_when_the_server_is_gone, args=(child,), daemon=True).start()
    code = child.wait()
    _kill_group(child.pid)
    _reap_descendants()
    return code if code >= 0 else _EXIT_CODE_OF_SIGNAL - code


def _kill_when_the_server_is_gone(child: subprocess.Popen[bytes]) -> None:
    # os.read, not sys.stdin: a daemon thread inside a buffered reader can abort the interpreter's exit.
    while os.read(0, 64):
        pass
    _kill_group(child.pid)
    child.kill()


def _kill_group(leader: int) -> None:
    """Kill the child's whole session: the web server's master, its workers and what they started."""
    if os.name != "posix":
        return
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass  # all gone already


def _adopt_orphans() -> None:
    """Linux: become the parent of any descendant whose own parent dies, so that none can slip away."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap_descendants() -> None:
    """Linux: kill and await every adopted process, so that the guard's exit proves that all of them ended."""
    if sys.platform != "linux":
        return
    while True:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN: the group kill has to do
        return []
    return [int(pid) for pid in text.split()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
