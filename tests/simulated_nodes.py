"""Simulated nodes of a Ray cluster on this machine, on the loopback: `python simulated_nodes.py N`.

Each has one processor, by Ray's count and in truth. It prints the address. Then it reads lines:
`kill I` kills the I-th node that lives, `add` adds one, `address` prints it. It ends with stdin.
"""

import os
import sys

from ray.cluster_utils import Cluster


def add(cluster: Cluster, number: int) -> object:
    """Add a node that runs on the processor with this number, or one that is there."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(own)[number % len(own)]})
    node = cluster.add_node(num_cpus=1)
    os.sched_setaffinity(0, own)
    return node


def main(count: int) -> None:
    """Start the cluster and do what stdin says."""
    # The head does no work: so each node may be killed.
    cluster = Cluster(True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    nodes = [add(cluster, number) for number in range(count)]
    print(cluster.address, flush=True)
    for line in sys.stdin:
        asked, _, which = line.strip().partition(" ")
        if asked == "kill":
            cluster.remove_node(nodes.pop(int(which)), allow_graceful=False)
        else:
            nodes.append(add(cluster, len(nodes)))
        print("done", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
