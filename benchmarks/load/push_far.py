"""Pushes many jobs that are due in a distant span: push_far.py PORT COUNT BEGIN STEP. Four processes with a connection each; neighbours in
a batch are hours apart, as they are when many clients push."""

import multiprocessing
import sys

from measures import job_at
from node import Pusher

LANES, BATCH = 4, 1000


def push(lane):
    port, count, begin, step = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    pusher = Pusher(port)
    for i in range(lane * BATCH, count, LANES * BATCH):
        pusher.push([job_at(begin + ((i + k) * 7919 % count) * step) for k in range(BATCH)])


if __name__ == "__main__":
    with multiprocessing.Pool(LANES) as pool:
        pool.map(push, range(LANES))
