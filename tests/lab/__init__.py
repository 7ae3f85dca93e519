"""A simulated customer of real UDP SNMP agents, with faults on demand. It exists in a checkout only.

The agent and the collectors import nothing from here: the lab is on the other side of the wire.
"""
