"""Finds the products by listing this package: each file or folder with a constant `PRODUCT`; no list to edit.

It also renders what is known of each product for the README; it asks no device.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

import collectors
from collectors.base import Product


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
    """Per product: what its collector relies on and how well that is known, then what it cannot see."""
    lines: list[str] = []
    for product in sorted(products, key=lambda product: product.title):
        lines += [f"### {product.title} (`{product.name}`)", ""]
        lines += ["| what the collector relies on | known | source |", "|---|---|---|"]
        for fact in product.facts:
            lines.append("| " + " | ".join(map(_cell, (fact.what, fact.known, fact.source))) + " |")
        lines += ["", "Not seen:", "", *(f"- {what}" for what in product.not_seen), ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
