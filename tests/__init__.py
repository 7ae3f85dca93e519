"""Tests of Trunkwatch, and the lab that they and `trunkwatch lab` run against."""
