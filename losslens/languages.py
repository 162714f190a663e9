"""The words of training logs in languages other than English, each with the English one.

One table for printed lines, the heads of columns and the names of series; names stay as they are written.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: English, and how others say it: German, French, Spanish and Portuguese, Italian, Russian, Japanese, Chinese. A word
#: that is part of an English one, or of another word of its own language, is marked where it begins or ends.
_WORDS: tuple[tuple[str, str], ...] = (
    (
        "learning rate",
        r"lernrate|taux d['’_ ]?apprentissage|tasa[_ ]de[_ ]aprendizaje|taxa[_ ]de[_ ](?:aprendizado|aprendizagem)"
        r"|tasso[_ ]di[_ ]apprendimento|скорость[_ ]обучения|学習率|学习率",
    ),
    (
        "validation",
        r"validierungs?|validación|validacion|validação|validacao|validazione|валидаци[яию]|валид|検証|验证",
    ),
    ("train", r"trainings?(?=verlust|fehler|genauigkeit)|entra[iî]nement|entrenamiento|treinamento|treino|обучени[яею]"
              r"|訓練|学習|训练"),
    ("test", r"тест\w*|テスト|测试|test(?=verlust|fehler|genauigkeit)"),
    ("accuracy", r"genauigkeit|exactitude|exactitud|acurácia|acuracia|accuratezza|точность|精度|正解率|准确率"),
    ("loss", r"verlust|(?<![a-z])pertes?(?![a-z])|pérdidas?|(?<![a-z])(?:perdida|perda|perdita)s?(?![a-z])|потер[яи]"
             r"|損失|损失"),
    ("error", r"(?<![a-z])fehler|(?<![a-z])erreur|(?<![a-z])erro(?![a-z])|ошибка|誤差|误差"),
    ("gradient norm", r"gradientennorm|norme[_ ]du[_ ]gradient|норма[_ ]градиента|勾配ノルム|梯度范数"),
    ("epoch", r"(?<![a-z])[ée]poques?(?![a-z])|(?<![a-z])épocas?|(?<![a-z])epoc(?:a|he|as)(?![a-z])|эпох[аи]"
              r"|エポック|轮次"),
    ("step", r"(?<![a-z])schritt|(?<![a-z])[ée]tape(?![a-z])|(?<![a-z])(?:paso|passo)(?![a-z])|(?<!\w)шаг|итерация"
             r"|ステップ|训练次数|迭代次数|步数"),
    ("mean", r"(?<![a-z])(?:moyenne|mittlere[rs]?|durchschnittliche[rs]?)(?![a-z])|平均"),
    ("total", r"(?<![a-z])gesamt|总"),
)  # fmt: skip
_ENGLISH = tuple((english, re.compile(others, re.IGNORECASE)) for english, others in _WORDS)
_ANY = re.compile("|".join(others for _, others in _WORDS), re.IGNORECASE)


def words_of_others(text: str) -> int:
    """How many words of the table a text holds that are not written in ASCII; a single sign is no word."""
    return sum(len(match[0]) > 1 and not match[0].isascii() for match in _ANY.finditer(text))


def said(*english: str) -> str:
    """The pattern of the words for these in all other languages: alternatives, without a group around them."""
    return "|".join(others for name, others in _WORDS if name in english)


@lru_cache(maxsize=65536)
def in_english(name: str) -> str:
    """A name of a number with its known words in English, a blank around each; as it is where it has none."""
    if _ANY.search(name) is None:
        return name
    for english, others in _ENGLISH:
        name = others.sub(f" {english} ", name)
    return name.strip()
