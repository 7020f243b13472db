"""An entry script without a model: it tells what it sees, and misbehaves when asked to."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time

from azureml_inference_server_http.api.aml_request import rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse
from report_helper import HELPER


def init():
    print("init was here")


@rawhttp
def run(request):
    match json.loads(request.get_data(False) or b"{}").get("do"):
        case "raise":
            raise RuntimeError("run() was asked to raise")
        case "teapot":
            return AMLResponse("short and stout", 418)
        case "sleep":
            time.sleep(20)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "daemonize":
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        case "headers":
            return AMLResponse(dict(request.headers), 200, json_str=True)
    model_dir = os.environ.get("AZUREML_MODEL_DIR", "")
    seen = {
        "pid": os.getpid(),
        "port": os.environ["SERVER_PORT"],
        "cwd": os.getcwd(),
        "environment": dict(os.environ),
        "model_files": sorted(os.listdir(model_dir)),
        "helper": HELPER,
        "can_import_this_checkout": importlib.util.find_spec("tests") is not None,
    }
    return AMLResponse(seen, 200, json_str=True)
