"""The tasks of the zoo: small real trainings, one class each. Add one here and it is in the grid."""

from __future__ import annotations

from tests.zoo.tasks.control import DQN, PPO
from tests.zoo.tasks.density import Flow
from tests.zoo.tasks.fields import Implicit, Pendulum, SuperResolution
from tests.zoo.tasks.generative import GAN, VAE, Contrastive, Diffusion
from tests.zoo.tasks.language import LanguageModel
from tests.zoo.tasks.likelihoods import Counts, Curves, Mixture
from tests.zoo.tasks.linear import Linear, MatrixFactorisation
from tests.zoo.tasks.parts import Task
from tests.zoo.tasks.players import SAC, WGAN
from tests.zoo.tasks.routes import Experts, Values
from tests.zoo.tasks.sequence import CharTransformer, FineTune, Recurrent, Seq2Seq
from tests.zoo.tasks.supervised import Autoencoder, Detection, GraphNet, ImageCNN, RegressionMLP, Segmentation
from tests.zoo.tasks.tables import Forecast, Ranking, Tabular
from tests.zoo.tasks.words import SkipGram, TextBag

TASKS: dict[str, type[Task]] = {
    "regression": RegressionMLP,
    "autoencoder": Autoencoder,
    "image": ImageCNN,
    "segmentation": Segmentation,
    "detection": Detection,
    "graph": GraphNet,
    "chars": CharTransformer,
    "finetune": FineTune,
    "recurrent": Recurrent,
    "seq2seq": Seq2Seq,
    "vae": VAE,
    "gan": GAN,
    "diffusion": Diffusion,
    "contrastive": Contrastive,
    "dqn": DQN,
    "ppo": PPO,
    "factors": MatrixFactorisation,
    "linear": Linear,
    "tabular": Tabular,
    "ranking": Ranking,
    "forecast": Forecast,
    "lm": LanguageModel,
    "flow": Flow,
    "sac": SAC,
    "wgan": WGAN,
    "pendulum": Pendulum,
    "implicit": Implicit,
    "superres": SuperResolution,
    "mixture": Mixture,
    "counts": Counts,
    "curves": Curves,
    "skipgram": SkipGram,
    "textbag": TextBag,
    "experts": Experts,
    "values": Values,
}
