"""The real entry script with levers for tests: slows the model down, kills its threads, tells what it sees.

SCORING_FOLDER names the folder of score.py. A request with `?lever=NAME` pulls that lever, all others are score.py's.
"""

import ctypes
import importlib.util
import json
import os
import threading
import time
from pathlib import Path

_path = Path(os.environ["SCORING_FOLDER"]) / "score.py"
_spec = importlib.util.spec_from_file_location("score_under_test", _path)
_score = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_score)

_open = threading.Event()
_open.set()


def init():
    _score.init()
    model = _score._service._model
    predict = model.predict

    def slow(prepared):
        time.sleep(float(os.environ.get("CALL_S", "0")))
        while not _open.wait(0.01):  # short waits, so that a thread which is to die notices
            pass
        return predict(prepared)

    model.predict = slow


def run(request):
    lever = request.args.get("lever")
    return _score.run(request) if lever is None else json.dumps(_LEVERS[lever]())


def _hold():
    _open.clear()


def _release():
    _open.set()


def _kill_runners():
    """End the model's threads wherever they are, in a way that nothing in them expects."""
    runners = [thread for thread in threading.enumerate() if thread.name.startswith("runner-")]
    for thread in runners:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    return [thread.name for thread in runners]


def _tell():
    status = Path("/proc/self/status").read_text()
    return {
        "pid": os.getpid(),
        "rss_mb": int(status.partition("VmRSS:")[2].split()[0]) / 1024,
        "queued": len(_score._service._batcher._queue),
        "runners": [thread.name for thread in threading.enumerate() if thread.name.startswith("runner-")],
    }


_LEVERS = {"hold": _hold, "release": _release, "kill-runners": _kill_runners, "tell": _tell}
