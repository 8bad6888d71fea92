"""The languages in which a story can be told."""

from collections.abc import Mapping

from cli.explain.english import ENGLISH
from cli.explain.italian import ITALIAN
from cli.explain.words import Words

LANGUAGES: Mapping[str, Words] = {"en": ENGLISH, "it": ITALIAN}
