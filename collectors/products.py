"""Finds the products by listing this package: every module with a constant `PRODUCT`. No list to edit."""

from __future__ import annotations

import importlib
import pkgutil

import collectors
from collectors.base import Product


def find_products() -> dict[str, Product]:
    """Every product by name. Raises ValueError if two files claim one name."""
    found: dict[str, Product] = {}
    for module in pkgutil.iter_modules(collectors.__path__):
        if module.ispkg:
            continue
        product = getattr(importlib.import_module(f"collectors.{module.name}"), "PRODUCT", None)
        if not isinstance(product, Product):
            continue
        if product.name in found:
            raise ValueError(f"two collectors are named {product.name!r}")
        found[product.name] = product
    return found
