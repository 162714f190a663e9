"""Makes ``processes/``: three ranks of one job, and two jobs, each writing event files into one folder at once.

``python -m tests.parsers.data.make_processes`` in an environment with PyTorch and TensorBoard; it takes two minutes.
Every process opens its own writer, as scripts do that forget to ask for their rank. The hosts in the names are made
up, and each file's own wall times are kept: they are what tells ranks, which wait for each other, from jobs.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent / "processes"
STEPS, BROKEN = 240, 180


def train(rank: int, world: int, folder: str, *, together: bool) -> None:
    """One process: the rate is raised far too high at step ``BROKEN``; ``together`` exchanges gradients."""
    import torch
    from torch import distributed, nn
    from torch.utils.tensorboard import SummaryWriter

    torch.set_num_threads(1)
    torch.manual_seed(0 if together else rank)
    net: nn.Module = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    if together:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
        distributed.init_process_group("gloo", rank=rank, world_size=world)
        net = nn.parallel.DistributedDataParallel(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
    draw = torch.Generator().manual_seed(rank + 1)
    beta = torch.linspace(-1, 1, 8)
    with SummaryWriter(folder) as writer:
        for step in range(STEPS):
            time.sleep(0.12 + 0.06 * torch.rand(1, generator=draw).item())  # reading data takes its time
            x = torch.randn(16, 8, generator=draw)
            y = (x @ beta).sin()[:, None] + 0.1 * torch.randn(16, 1, generator=draw)
            if step == BROKEN:
                optimizer.param_groups[0]["lr"] = 8.0
            loss = ((net(x) - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            writer.add_scalar("loss", loss.item(), step)
            writer.add_scalar("lr", optimizer.param_groups[0]["lr"], step)
            if rank == 0 and step % 20 == 19:
                writer.add_scalar("val_loss", ((net(x) - y) ** 2).mean().item(), step)


def main() -> None:
    import torch.multiprocessing as processes

    for name, world, together in (("ranks", 3, True), ("jobs", 2, False)):
        with tempfile.TemporaryDirectory() as folder:
            context = processes.get_context("spawn")
            started = [
                context.Process(target=train, args=(r, world, folder), kwargs={"together": together})
                for r in range(world)
            ]
            for process in started:
                process.start()
            for process in started:
                process.join()
            shutil.rmtree(HERE / name, ignore_errors=True)
            (HERE / name).mkdir(parents=True)
            for path in sorted(Path(folder).iterdir()):
                parts = path.name.split(".")
                shutil.copy(path, HERE / name / ".".join([*parts[:4], "node", *parts[-2:]]))


if __name__ == "__main__":
    sys.exit(main())
