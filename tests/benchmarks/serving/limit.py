"""What the machine can do without a server: a few threads that call the model on batches, decoding included.

    python -m tests.benchmarks.serving.limit MODEL BODIES

Says "ready", then answers each number of seconds on standard input with images per second on standard output.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from pathlib import Path

THREADS, BATCH = 3, 8  # of what was tried the fastest


def main(arguments: list[str]) -> None:
    model_folder, bodies_folder = arguments
    import tensorflow as tf

    model = tf.saved_model.load(model_folder)  # kept: the variables die with it
    call = model.signatures["serving_default"]
    (name,) = call.structured_input_signature[1]
    bodies = [file.read_bytes() for file in sorted(Path(bodies_folder).iterdir())]
    pool = itertools.cycle(bodies)
    batches = [tf.constant([next(pool) for _ in range(BATCH)]) for _ in bodies]

    def work(until: float, done: list[int]) -> None:
        for images in itertools.cycle(batches):
            if time.perf_counter() >= until:
                return
            call(**{name: images})["probabilities"].numpy()
            done.append(BATCH)

    def measure(seconds: float) -> float:
        counts: list[list[int]] = [[] for _ in range(THREADS)]
        started = time.perf_counter()
        workers = [threading.Thread(target=work, args=(started + seconds, count)) for count in counts]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(map(sum, counts)) / (time.perf_counter() - started)

    measure(1.0)
    print("ready", flush=True)
    for line in sys.stdin:
        print(measure(float(line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
