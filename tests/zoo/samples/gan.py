"""A healthy adversarial training: one loss rises from first to last, and the samples only get better.

A generator learns eight Gaussians on a ring against a critic with a gradient penalty on real points; torch
SummaryWriter. Quality is measured from the samples, not from the losses: the share near one of the centres and the
centres hit.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.samples.story import Truth, fresh, name_event_files

FOLDER = "9-gan"
README = """
Healthy: a small GAN with gradient penalty; the discriminator's loss rises all the way, towards 2 ln 2, where it can tell nothing any more.
That is what winning looks like: the samples only get better (`quality/near_a_centre`); written by torch's SummaryWriter every 20 steps.
"""  # noqa: E501
STEPS, EVERY, BATCH, NOISE = 12_000, 20, 128, 0.12


def make(folder: Path) -> list[Truth]:
    from torch.utils.tensorboard import SummaryWriter

    fresh(folder, README)
    torch.set_num_threads(1)
    torch.manual_seed(9)
    generator = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    critic = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.99))
    d_optimizer = torch.optim.Adam(critic.parameters(), lr=4e-4, betas=(0.5, 0.99))
    with SummaryWriter(str(folder / "run")) as writer:
        for step in range(1, STEPS + 1):
            real = ring(BATCH).requires_grad_()
            judged = critic(real)
            (slope,) = torch.autograd.grad(judged.sum(), real, create_graph=True)
            fake = generator(torch.randn(BATCH, 4))
            d_loss = F.softplus(-judged).mean() + F.softplus(critic(fake.detach())).mean()
            d_optimizer.zero_grad()
            (d_loss + 0.05 * slope.square().sum(dim=1).mean()).backward()
            d_optimizer.step()
            g_loss = F.softplus(-critic(fake)).mean()
            g_optimizer.zero_grad()
            g_loss.backward()
            g_optimizer.step()
            if step % EVERY == 0:
                writer.add_scalar("loss/discriminator", d_loss.item(), step)
                writer.add_scalar("loss/generator", g_loss.item(), step)
            if step % 500 == 0:
                near, hit = quality(generator)
                writer.add_scalar("quality/near_a_centre", near, step)
                writer.add_scalar("quality/centres_hit", hit, step)
    name_event_files(folder)
    return [
        Truth(f"{FOLDER}/run", ("healthy",), note=f"at the end {near:.2f} of the samples near a centre, {hit} of 8 hit")
    ]


def centres() -> Tensor:
    angle = torch.arange(8) * (2 * math.pi / 8)
    return 2 * torch.stack([angle.cos(), angle.sin()], dim=1)


def ring(n: int) -> Tensor:
    """``n`` real points, shape (n, 2)."""
    return centres()[torch.randint(0, 8, (n,))] + NOISE * torch.randn(n, 2)


def quality(generator: nn.Module) -> tuple[float, int]:
    """Share of generated points within four widths of a centre, and the number of centres with at least 2 % of them."""
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        distance = torch.cdist(generator(torch.randn(2000, 4, generator=random)), centres())
    near = distance.min(dim=1).values < 4 * NOISE
    nearest = distance.argmin(dim=1)[near]
    return float(near.float().mean()), int((torch.bincount(nearest, minlength=8) >= 40).sum())
