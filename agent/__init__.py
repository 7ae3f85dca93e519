"""Decides, by the contract's words, what the collectors' readings mean, and tells those who must know."""
