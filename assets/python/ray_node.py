"""Starts one Ray node that listens on 127.0.0.1 only: `ray_node.py start ...` takes the arguments of `ray start`.

`ray start --node-ip-address 127.0.0.1` replaces the address by that of the machine's network card, and then the ports of
the raylet, the control store and the metrics listen on every interface (seen with Ray 2.60). A cluster for trying things
out must not be reachable from the network, so both look-ups are answered here before the command line runs.
"""

import sys

import ray._private.services as services
from ray.scripts.scripts import main

LOOPBACK = "127.0.0.1"


def keep_host(host: str) -> str:
    return host


def loopback_address(address: object = None) -> str:
    return LOOPBACK


services.resolve_ip_for_localhost = keep_host
services.get_node_ip_address = loopback_address

if __name__ == "__main__":
    sys.argv[0] = "ray"
    sys.exit(main())
