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

# For a place and a process to start in: a node that is full now may be full for hours, and another may be free.
PATIENCE_SECONDS = 25
REASON_CHARACTERS = 600
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


def no_place(name: str) -> str | None:
    """Why Ray cannot have a place on a node, now or later; None when it can."""
    for node in ray.nodes():
        if node["Alive"] and (node.get("Labels") or {}).get("nacre-node") == name:
            return None if node["Resources"].get("CPU", 0) >= 1 else "Ray's node there has no CPU to give"
    return "Ray has no living node with that label"


def words_of(error: Exception) -> str:
    """An error in one line; of one that an actor raised, what it said."""
    return " ".join(str(getattr(error, "cause", None) or error).split())[:REASON_CHARACTERS]


def could_not_begin(rank: int, name: str, reason: str) -> int:
    print(f"rank {rank} on {name} could not begin: {reason}", flush=True)
    return 1


def main() -> int:
    plan = json.loads(Path("plan.json").read_text())
    ray.init(log_to_driver=False)
    names = [worker["node"] for worker in plan["workers"]]
    for rank, name in enumerate(names):
        reason = no_place(name)
        if reason is not None:
            return could_not_begin(rank, name, reason)
    workers = [
        Worker.options(label_selector={"nacre-node": worker["node"]}).remote(
            plan["jobId"], plan["ticket"], rank, worker["port"]
        )
        for rank, worker in enumerate(plan["workers"])
    ]
    port: int | None = None
    begun = [workers[0].start.remote(None)]
    for rank, name in enumerate(names):
        try:
            port = ray.get(begun[rank], timeout=PATIENCE_SECONDS)
        except ray.exceptions.GetTimeoutError:
            reason = no_place(name) or f"Ray had no free place there within {PATIENCE_SECONDS} s"
            return could_not_begin(rank, name, reason)
        except ray.exceptions.RayError as error:
            return could_not_begin(rank, name, words_of(error))
        if rank == 0:
            begun += [worker.start.remote(port) for worker in workers[1:]]
        print(f"rank {rank} began on {name}", flush=True)
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
