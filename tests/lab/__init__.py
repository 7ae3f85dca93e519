"""A simulated customer of real SNMP agents and SSH servers, with faults on demand. In a checkout only.

The agent and the collectors import nothing from here: the lab is on the other side of the wire.
"""
