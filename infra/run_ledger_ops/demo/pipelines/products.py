"""Classifying: the category into which a product's title belongs.

A naive Bayes classifier learns from those products that have a category already. Of a new one it
gives the likeliest category, and leaves to a person what it is not sure of.
"""

import html
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping

from run_ledger_ops.demo.pipelines.record_batches import (
    LeftToPerson,
    RecordError,
    SkippedRecord,
    open_batch,
)

FILE = "products.csv"
COLUMNS = ("sku", "title", "category")
LABELLED = 180  # the first so many products have a category
TOTAL = 420
_SURE = 0.75
_PLACEHOLDERS = {"tbd", "n/a"}
_WORD = re.compile(r"[a-z][a-z-]*")


class Unsure(LeftToPerson):
    """No category is likely enough."""


class Classifier:
    """Word counts by category, from labelled products."""

    def __init__(self) -> None:
        self._words: dict[str, Counter[str]] = defaultdict(Counter)
        self._products: Counter[str] = Counter()
        listed = open_batch(FILE, COLUMNS, 0, LABELLED)
        for line in listed.records():
            try:
                product = listed.fields(line)
                words = _words(product["title"])
            except (RecordError, SkippedRecord):
                continue
            self._products[product["category"]] += 1
            self._words[product["category"]].update(words)
        self._vocabulary = len({word for words in self._words.values() for word in words})

    def category(self, product: Mapping[str, str]) -> str:
        """Return the category of a product; Unsure where none is likely enough."""
        words = _words(product["title"])
        scores = {category: self._score(category, words) for category in self._products}
        best = max(scores, key=scores.__getitem__)
        share = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
        if share < _SURE:
            raise Unsure(f"{product['title']!r} is {best} at {share:.0%} only")
        return best

    def _score(self, category: str, words: list[str]) -> float:
        counts = self._words[category]
        total = counts.total() + self._vocabulary
        prior = math.log(self._products[category] / self._products.total())
        return prior + sum(math.log((counts[word] + 1) / total) for word in words)


def _words(title: str) -> list[str]:
    if title.lower() in _PLACEHOLDERS:
        raise SkippedRecord("a placeholder for a title")
    if not title:
        raise RecordError("title is missing")
    words = _WORD.findall(re.sub(r"<[^>]+>", " ", html.unescape(title)).lower())
    if not words:
        raise RecordError(f"title {title!r} has no word that is known here")
    return words
