"""Measures what a running video job costs requests: DetectFaces with the job stopped, and at three priorities.

    python -m benchmarks.job_latency ROUNDS

The server runs with its models from MIEN_PACKS. Each round measures every case for some seconds, one after the other,
so that what else the machine does meets all of them alike.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from mien.jobs.film_process import WATCHING
from tests import live, photos
from tests.jobs import films
from tests.jobs.cloud import BUCKET, Cloud, film

SECONDS = 2.5  # of a case in a round
SAMPLES = 3_000  # of the film, so that the job outlasts the measurement
CASES = {"no job": None, "nice 10, as jobs are": 10, "nice 19": 19, "nice 0": 0}


def watchers(server: live.Live) -> list[psutil.Process]:
    """Returns the processes of the running job."""
    below = psutil.Process(server.process.pid).children(recursive=True)
    roots = [each for each in below if WATCHING in each.cmdline()]
    return [process for root in roots for process in (root, *root.children(recursive=True))]


def set_case(processes: list[psutil.Process], niceness: int | None) -> None:
    """Stops the job, or lets it run with a niceness, which Linux keeps for each thread."""
    for process in processes:
        process.send_signal(signal.SIGSTOP if niceness is None else signal.SIGCONT)
        for thread in process.threads() if niceness is not None else ():
            os.setpriority(os.PRIO_PROCESS, thread.id, niceness or 0)
    time.sleep(0.2)


def main() -> None:
    """Prints median, p90 and p99 of each case."""
    folder = Path(tempfile.mkdtemp())
    with Cloud.started(folder) as cloud:
        cloud.s3.upload_file(str(films.long(folder / "long.mp4", SAMPLES)), BUCKET, "long.mp4")
        server = live.serve(os.environ["MIEN_PACKS"], folder / "data", *cloud.flags, "--image-cache", "0")
        client, picture, took = server.client(), photos.pair(), {case: list[float]() for case in CASES}
        client.start_face_detection(Video=film("long.mp4"), FaceAttributes="ALL")
        while not (processes := watchers(server)) or len(processes) < 2:
            time.sleep(0.1)
        for _ in range(int(sys.argv[1])):
            for case, niceness in CASES.items():
                set_case(processes, niceness)
                until = time.perf_counter() + SECONDS
                while (began := time.perf_counter()) < until:
                    client.detect_faces(Image={"Bytes": picture})
                    took[case].append(time.perf_counter() - began)
        set_case(processes, 10)
        server.kill()
    for case, times in took.items():
        shown = " / ".join(f"{1000 * each:.1f}" for each in np.percentile(times, (50, 90, 99)))
        print(f"{case}: {shown} ms at p50 / p90 / p99 of {len(times)} calls")


if __name__ == "__main__":
    main()
