"""How the inference server around the scoring script is set up: without this, requests come one by one."""

from __future__ import annotations

CONCURRENT_REQUESTS = 64
"""Requests that Azure's router hands to a replica at a time: two batches of 32 on a GPU. Azure's default is 1, with
which there would never be two images for one call of the model."""

SERVER_THREADS = 160
"""More than the script queues and works on (128 and 2 x 8, or 64 that the router sends), so that health probes are
answered at once, and refusals too, while requests wait and slow clients are still sending."""

QUEUE_WAIT_MS = 5_000
"""How long Azure's router keeps a request when all replicas have their share. Its default is 500 ms, then 503."""

_START_S = 900
_DEADLINE_SHARE = 0.9
_LEAST_STUCK_S = 150.0


def server_variables(*, expect_gpu: bool, scoring_timeout_ms: int) -> dict[str, str]:
    """Environment variables of the web service. Those of the scoring script are explained in its settings.py."""
    return {
        "GPU_ASSISTANT_EXPECT_GPU": "1" if expect_gpu else "0",
        # The script gives up first: its 504 says more than the router's, and nobody works for a client that is gone.
        "GPU_ASSISTANT_DEADLINE_S": f"{scoring_timeout_ms / 1000 * _DEADLINE_SHARE:g}",
        # Nothing that takes longer than this could still be answered.
        "GPU_ASSISTANT_STUCK_S": f"{max(_LEAST_STUCK_S, 2 * scoring_timeout_ms / 1000):g}",
        # The only way to gunicorn's settings past the server's own command line. Connections are kept for longer than
        # routers keep theirs (60 to 90 s; gunicorn's default is 2 s): a request on one that is just being closed
        # would be lost.
        "GUNICORN_CMD_ARGS": (
            f"--worker-class gthread --threads {SERVER_THREADS} --keep-alive 95 --worker-connections 4000"
        ),
        # Each worker would hold a copy of the model and a CUDA context of its own; batches need one queue.
        "WORKER_COUNT": "1",
        # gunicorn kills a worker that shows no sign of life, and there is none while init() runs. A GPU that is newer
        # than the wheel (H100) compiles its kernels then, for minutes.
        "WORKER_TIMEOUT": str(_START_S),
        # What was compiled is kept for the next worker in the same container. The default of 1 GB is too small for
        # TensorFlow, and the default place is a home folder that may not be writable.
        "CUDA_CACHE_PATH": "/tmp/gpu-assistant-cuda-cache",
        "CUDA_CACHE_MAXSIZE": str(4 << 30),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "TF_CPP_MIN_LOG_LEVEL": "1",  # warnings stay: one of them says why a GPU is not used
    }
