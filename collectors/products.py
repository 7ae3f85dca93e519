"""Finds the products by listing this package: each file or folder with a constant `PRODUCT`; no list to edit.

It also renders what is known of each product for the README; it asks no device.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator

import collectors
from collectors.base import Product

_KNOWN = ("verified", "inferred", "synthetic")


def find_products() -> dict[str, Product]:
    """Every product by name. Raises ValueError if two files or folders claim one name."""
    found: dict[str, Product] = {}
    for module in pkgutil.iter_modules(collectors.__path__):
        product = getattr(importlib.import_module(f"collectors.{module.name}"), "PRODUCT", None)
        if not isinstance(product, Product):
            continue
        if product.name in found:
            raise ValueError(f"two collectors are named {product.name!r}")
        found[product.name] = product
    return found


def facts_markdown(products: Iterable[Product]) -> str:
    """What is seen of each product, by which protocol and how well known; then the same in full for each."""
    products = tuple(products)
    lines: list[str] = [*_overview(products), ""]
    for product in sorted(products, key=lambda product: product.title):
        lines += [f"### {product.title} (`{product.name}`)", ""]
        lines += ["| what the collector relies on | known | source |", "|---|---|---|"]
        for fact in product.facts:
            lines.append("| " + " | ".join(map(_cell, (fact.what, fact.known, fact.source))) + " |")
        lines += ["", "Not seen:", "", *(f"- {what}" for what in product.not_seen), ""]
    return "\n".join(lines)


def _overview(products: Iterable[Product]) -> Iterator[str]:
    yield "| product | asked by | what is seen | what that rests on | what is not seen |"
    yield "|---|---|---|---|---|"
    for product in sorted(products, key=lambda product: product.title):
        known: Counter[str] = Counter(fact.known for fact in product.facts)
        rests = ", ".join(f"{known[word]} {word}" for word in _KNOWN if known[word])
        cells = (product.title, rests, "; ".join(product.not_seen))
        for protocol, poll in product.polls.items():
            yield "| " + " | ".join(map(_cell, (cells[0], protocol, poll.sees, *cells[1:]))) + " |"
            cells = ("", "", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
