"""Starts the workers of one signed order beside Ray's nodes. Ray runs it as a job, from a package with plan.json.

Ray is a scheduler here and nothing more: one actor a worker, pinned by label to a node that Nacre's verifier passed, says
"begin" to the agent beside it and reports how that worker fares. Code, data and key went to the agents before, sealed and
over their attested connections; an agent that got no key answers that it knows no such job. The order names the SHA-256 of
this file.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import time
from pathlib import Path

import ray

PATIENCE_SECONDS = 120
AWAY_SECONDS = 10


class AgentRefused(RuntimeError):
    """The agent's own words; another try would hear the same."""


@ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)
class Worker:
    def __init__(self, job_id: str, ticket: str, rank: int, port: int) -> None:
        self.path, self.ticket, self.rank, self.port = f"/v1/jobs/{job_id}/start", ticket, rank, port
        self.master_port: int | None = None

    def start(self, master_port: int | None) -> int:
        self.master_port = master_port
        answer = self.ask()
        self.master_port = answer["masterPort"]
        return answer["masterPort"]

    def wait(self) -> str:
        """How the worker ended. The same request again is answered with its state."""
        heard = time.monotonic()
        while True:
            try:
                state = self.ask()["state"]
                heard = time.monotonic()
                if state in ("succeeded", "failed", "stopped"):
                    return state
            except (OSError, http.client.HTTPException):
                if time.monotonic() - heard > AWAY_SECONDS:
                    return "lost"
            time.sleep(1)

    def ask(self) -> dict:
        # Not checked against anything: who answers learns a ticket that opens nothing, and gets no key from here.
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=10, context=ssl._create_unverified_context()
        )
        try:
            body = {"ticket": self.ticket} | ({} if self.master_port is None else {"masterPort": self.master_port})
            connection.request("POST", self.path, json.dumps(body), {"content-type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read(65536))
        finally:
            connection.close()
        if response.status != 200:
            raise AgentRefused(f"the agent beside rank {self.rank} refused: {answer.get('error', {}).get('message')}")
        return answer


def main() -> int:
    plan = json.loads(Path("plan.json").read_text())
    ray.init(log_to_driver=False)
    workers = [
        Worker.options(label_selector={"nacre-node": worker["node"]}).remote(
            plan["jobId"], plan["ticket"], rank, worker["port"]
        )
        for rank, worker in enumerate(plan["workers"])
    ]
    names = [worker["node"] for worker in plan["workers"]]
    try:
        port = ray.get(workers[0].start.remote(None), timeout=PATIENCE_SECONDS)
        print(f"rank 0 began on {names[0]}", flush=True)
        ray.get([worker.start.remote(port) for worker in workers[1:]], timeout=PATIENCE_SECONDS)
        for rank, name in enumerate(names[1:], start=1):
            print(f"rank {rank} began on {name}", flush=True)
    except ray.exceptions.GetTimeoutError:
        print(f"Ray had no place for the workers within {PATIENCE_SECONDS} s", flush=True)
        return 1
    waiting = {worker.wait.remote(): rank for rank, worker in enumerate(workers)}
    bad = 0
    while waiting:
        (done, *_), _ = ray.wait(list(waiting), num_returns=1)
        rank = waiting.pop(done)
        try:
            state = ray.get(done)
        except ray.exceptions.RayError as error:
            state = f"lost: {type(error).__name__}"
        print(f"rank {rank} on {names[rank]}: {state}", flush=True)
        bad += state != "succeeded"
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
