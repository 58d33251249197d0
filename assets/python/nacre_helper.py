"""What a training script may use of Nacre, and need not: plain scripts run unchanged. Standard library only.

An agent gives a job DATASET_DIR (the opened data, in memory), OUTPUT_DIR (becomes the sealed model), CHECKPOINT_DIR (each
file that is whole becomes a sealed checkpoint) and, after a node was lost, RESUME_DIR and RESUME_STEP.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Resume(NamedTuple):
    """The files of the last sealed checkpoint, and the step it was made at."""

    folder: Path
    step: int


def dataset_file(suffix: str = ".csv") -> Path:
    """The one data file with this suffix. Raises FileNotFoundError naming the folder."""
    folder = Path(os.environ.get("DATASET_DIR", "."))
    found = sorted(folder.rglob(f"*{suffix}"))
    if not found:
        raise FileNotFoundError(f"there is no *{suffix} in {folder}")
    return found[0]


def output_dir() -> Path:
    return Path(os.environ.get("OUTPUT_DIR", "output"))


def resume_point() -> Resume | None:
    """Where to go on from, or None on a first attempt."""
    folder, step = os.environ.get("RESUME_DIR"), os.environ.get("RESUME_STEP")
    return None if folder is None or step is None else Resume(Path(folder), int(step))


def save_checkpoint(step: int, save: Callable[[Path], object]) -> Path:
    """Writes `checkpoint-STEP.pt` whole or not at all: the agent seals what it finds in the folder."""
    folder = Path(os.environ.get("CHECKPOINT_DIR", "checkpoints"))
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"checkpoint-{step:06d}.pt"
    # Outside of the watched folder, on the same file system, so that the rename is one step.
    partial = folder.parent / f".{final.name}.partial"
    save(partial)
    os.replace(partial, final)
    return final
