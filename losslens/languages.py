"""The words of training logs in languages other than English, each with the English one.

One table for printed lines, the heads of columns and the names of series; names stay as they are written.
"""

from __future__ import annotations

import re
from functools import lru_cache

from losslens.patterns import compiled

#: English, and how others say it: German, French, Spanish and Portuguese, Italian, Dutch, Polish, Turkish, Russian,
#: Japanese, Chinese (in both scripts), Korean. A word that is part of an English one, or of another word of its own
#: language, is marked where it begins or ends.
_WORDS: tuple[tuple[str, str], ...] = (
    (
        "learning rate",
        r"lernrate|taux d['’_ ]?apprentissage|tasa[_ ]de[_ ]aprendizaje|taxa[_ ]de[_ ](?:aprendizado|aprendizagem)"
        r"|tasso[_ ]di[_ ]apprendimento|öğrenme[_ ]oranı|скорость[_ ]обучения|学習率|学习率|學習率|학습[_ ]?률",
    ),
    (
        "validation",
        r"validierungs?|validación|validacion|validação|validacao|validazione|validatie|walidac\w+|doğrulama"
        r"|валидаци[яию]|валид|検証|验证|驗證|검증",
    ),
    ("train", r"trainings?(?=verlust|fehler|genauigkeit)|entra[iî]nement|entrenamiento|treinamento|treino|treningow\w+"
              r"|eğitim|обучени[яею]|訓練|学習|训练|훈련|학습"),
    ("test", r"тест\w*|テスト|测试|測試|테스트|test(?=verlust|fehler|genauigkeit)"),
    ("accuracy", r"genauigkeit|exactitude|exactitud|acurácia|acuracia|accuratezza|nauwkeurigheid|dokładność|doğruluk"
                 r"|точность|精度|正解率|准确率|準確率|정확도"),
    ("loss", r"verlust|(?<![a-z])pertes?(?![a-z])|pérdidas?|(?<![a-z])(?:perdida|perda|perdita)s?(?![a-z])"
             r"|(?<![a-z])verlies(?![a-z])|(?<=validatie)verlies|kay[ıi]p|kaybı"
             r"|потер[иья]|損失|损失|손실"),
    ("cost", r"(?<![a-z])(?:custo|coste|costo|coût)s?(?![a-z])|(?<![a-z])kosten(?![a-z])|コスト|代价|비용"),
    ("error", r"(?<![a-z])fehler|(?<![a-z])erreur|(?<![a-z])erro(?![a-z])|ошибка|誤差|误差|오차"),
    ("gradient norm", r"gradientennorm|norme[_ ]du[_ ]gradient|норма[_ ]градиента|勾配ノルム|梯度范数|기울기[_ ]?노름"),
    ("epoch", r"(?<![a-z])[ée]poques?(?![a-z])|(?<![a-z])épocas?|(?<![a-z])epo(?:c(?:a|he|as)|k[ai])(?![a-z])|эпох[аи]"
              r"|(?<!\w)dönem|エポック|轮次|輪次|에폭|에포크"),
    ("step", r"(?<![a-z])schritt|(?<![a-z])[ée]tape(?![a-z])|(?<![a-z])(?:pass?o|stap|krok)(?![a-z])"
             r"|(?<!\w)adım|itération|itera[çc][ãa]o|iteraci[óo]n|iterazione|iteracja|(?<!\w)шаг|итерация"
             r"|ステップ|训练次数|迭代次数|步数|스텝"),
    ("round", r"(?<![a-z])(?:rodada|ronda|ronde|runde|runda)(?![a-z])|(?<![a-z])tour(?=[_ ]\d)|раунд|ラウンド|라운드"),
    ("client", r"(?<![a-z])(?:cliente|klient)(?![a-z])|клиент|クライアント|客户端|客戶端|클라이언트"),
    ("mean", r"(?<![a-z])(?:moyenne|mittlere[rs]?|durchschnittliche[rs]?)(?![a-z])|平均|평균"),
    ("total", r"(?<![a-z])gesamt|总|總"),
)  # fmt: skip
_ENGLISH = tuple((english, compiled(others, re.IGNORECASE)) for english, others in _WORDS)
_ANY = compiled("|".join(others for _, others in _WORDS), re.IGNORECASE)


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
