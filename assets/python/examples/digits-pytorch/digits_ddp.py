"""Handwritten digits with plain PyTorch; data-parallel with torch.distributed when WORLD_SIZE is above 1.

    python digits_ddp.py [--epochs N] [--pause SECONDS]

Knows nothing of Nacre: data from DATASET_DIR, metrics through `mlflow`, checkpoints with `torch.save` to CHECKPOINT_DIR,
the model to OUTPUT_DIR, and it goes on from RESUME_DIR when that is set.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from pathlib import Path

import mlflow
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def load(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    with next(iter(sorted(folder.rglob("*.csv")))).open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    table = torch.tensor([[float(cell) for cell in row] for row in rows])
    return table[:, :-1] / 16.0, table[:, -1].long()


def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        hits = (model(images).argmax(dim=1) == labels).float().mean().item()
    model.train()
    return hits


def latest_checkpoint() -> Path | None:
    folder = os.environ.get("RESUME_DIR")
    found = [] if folder is None else sorted(Path(folder).rglob("checkpoint-*.pt"))
    return found[-1] if found else None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--pause", type=float, default=0.0, help="longer for each epoch: time to watch a run, or to break it")
    arguments = parser.parse_args()
    epochs = arguments.epochs

    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    if world > 1:
        dist.init_process_group("gloo")
    torch.set_num_threads(1)
    torch.manual_seed(7)

    images, labels = load(Path(os.environ["DATASET_DIR"]))
    # The same split in every worker and after every restart: held-out rows are never trained on.
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(11))
    held, kept = order[: len(order) // 5], order[len(order) // 5 :]

    plain = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(plain.parameters(), lr=2e-3)
    first_epoch, step = 0, 0
    checkpoint = latest_checkpoint()
    if checkpoint is not None:
        state = torch.load(checkpoint, weights_only=True)
        plain.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first_epoch, step = state["epoch"], state["step"]
        print(f"resumed from {checkpoint.name} at step {step}", flush=True)
    model = DistributedDataParallel(plain) if world > 1 else plain

    leader = rank == 0
    if leader:
        mlflow.set_experiment("digits")
        mlflow.start_run(run_name="digits_ddp")
        mlflow.log_params({"epochs": epochs, "world_size": world, "batch": 32})
    checkpoints, output = Path(os.environ["CHECKPOINT_DIR"]), Path(os.environ["OUTPUT_DIR"])

    for epoch in range(first_epoch, epochs):
        shuffled = kept[torch.randperm(len(kept), generator=torch.Generator().manual_seed(100 + epoch))]
        mine = shuffled[rank : len(shuffled) - len(shuffled) % world : world]
        for at in range(0, len(mine), 32):
            batch = mine[at : at + 32]
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            time.sleep(arguments.pause * 32 / len(mine))
            if leader and step % 10 == 0:
                mlflow.log_metric("loss", loss.item(), step=step)
        if leader:
            mlflow.log_metrics({"validation_accuracy": accuracy(plain, images[held], labels[held])}, step=step)
            state = {"model": plain.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1, "step": step}
            torch.save(state, checkpoints / f"checkpoint-{step:06d}.pt")

    if leader:
        final = accuracy(plain, images[held], labels[held])
        mlflow.log_metric("held_out_accuracy", final, step=step)
        mlflow.set_tag("finished", "yes")
        torch.save(plain.state_dict(), output / "digits.pt")
        mlflow.log_artifact(str(output / "digits.pt"))
        mlflow.end_run()
        print(f"held-out accuracy {final:.4f} after step {step}", flush=True)
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
