"""Asks Avaya systems how they are and states what they answered; never judges what it means.

One file per product, or one folder where it speaks several protocols, each with one constant `PRODUCT`;
`collectors.products` finds them by listing this package, so a new product is a new file and nothing else.
"""
