"""Starts one Ray node that listens on 127.0.0.1 only: `ray_node.py start ...` takes the arguments of `ray start`.

`ray start --node-ip-address 127.0.0.1` replaces the address by that of the machine's network card, and then the ports of
the raylet, the control store and the metrics listen on every interface (seen with Ray 2.60). A cluster for trying things
out must not be reachable from the network. The switch by which Ray stays on the loopback, as it does on macOS, is inherited
by every process of the node; the command line alone must not heed it, for it would refuse a second node.
"""

import os
import sys

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

import ray._private.ray_constants as constants  # noqa: E402  (reads the switch when it is imported)
import ray._private.services as services  # noqa: E402
from ray.scripts.scripts import main  # noqa: E402

LOOPBACK = "127.0.0.1"


def keep_host(host: str) -> str:
    return host


def loopback_address(address: object = None) -> str:
    return LOOPBACK


constants.ENABLE_RAY_CLUSTER = True
services.resolve_ip_for_localhost = keep_host
services.get_node_ip_address = loopback_address

if __name__ == "__main__":
    sys.argv[0] = "ray"
    sys.exit(main())
