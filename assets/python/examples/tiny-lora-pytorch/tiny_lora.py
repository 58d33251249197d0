"""A fine-tune in the shape of LoRA: a tiny transformer made from scratch, frozen, and low-rank adapters trained on top.

    python tiny_lora.py [--steps N]

The base learns to copy its input; the adapters then teach it the reverse alphabet. Both are synthetic, so that the example
needs no download: it shows what goes in and out of a node (a small adapter, not the base), not a useful model.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import mlflow
import torch
from torch import nn

LETTERS, LENGTH, WIDTH = 16, 8, 32


class LoraLinear(nn.Module):
    """W x + (alpha / r) B A x, with W frozen and B zero at the start (Hu et al. 2021)."""

    def __init__(self, base: nn.Linear, rank: int = 4, alpha: float = 8.0) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.scale * (x @ self.down.T @ self.up.T)


class TinyTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(LETTERS, WIDTH)
        self.place = nn.Parameter(torch.randn(LENGTH, WIDTH) * 0.1)
        self.attention = nn.MultiheadAttention(WIDTH, 2, batch_first=True)
        self.norm = nn.LayerNorm(WIDTH)
        self.inner: nn.Module = nn.Linear(WIDTH, 2 * WIDTH)
        self.outer: nn.Module = nn.Linear(2 * WIDTH, WIDTH)
        self.head: nn.Module = nn.Linear(WIDTH, LETTERS)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens) + self.place
        x = x + self.attention(x, x, x, need_weights=False)[0]
        x = x + self.outer(torch.relu(self.inner(self.norm(x))))
        return self.head(x)


def fit(model: nn.Module, parameters: list[nn.Parameter], steps: int, reverse: bool, report: str | None) -> float:
    optimizer = torch.optim.Adam(parameters, lr=5e-3)
    loss = torch.tensor(0.0)
    for step in range(1, steps + 1):
        tokens = torch.randint(LETTERS, (32, LENGTH))
        wanted = LETTERS - 1 - tokens if reverse else tokens
        loss = nn.functional.cross_entropy(model(tokens).flatten(0, 1), wanted.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if report is not None and step % 10 == 0:
            mlflow.log_metric(report, loss.item(), step=step)
    return loss.item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    torch.manual_seed(5)

    model = TinyTransformer()
    fit(model, list(model.parameters()), 200, reverse=False, report=None)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for name in ("inner", "outer", "head"):
        setattr(model, name, LoraLinear(getattr(model, name)))
    adapters = {name: p for name, p in model.named_parameters() if p.requires_grad}

    mlflow.set_experiment("tiny-lora")
    with mlflow.start_run(run_name="tiny_lora"):
        count = sum(p.numel() for p in adapters.values())
        mlflow.log_params({"rank": 4, "trainable": count, "total": sum(p.numel() for p in model.parameters())})
        fit(model, list(adapters.values()), steps, reverse=True, report="loss")
        tokens = torch.randint(LETTERS, (512, LENGTH))
        hits = (model(tokens).argmax(dim=-1) == LETTERS - 1 - tokens).float().mean().item()
        mlflow.log_metric("held_out_accuracy", hits, step=steps)
    state = {name: p.detach() for name, p in adapters.items()}
    torch.save(state, Path(os.environ["CHECKPOINT_DIR"]) / f"checkpoint-{steps:06d}.pt")
    torch.save(state, Path(os.environ["OUTPUT_DIR"]) / "adapter.pt")
    print(f"held-out accuracy {hits:.4f}, {count} of {sum(p.numel() for p in model.parameters())} trained", flush=True)


if __name__ == "__main__":
    main()
