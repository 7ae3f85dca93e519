"""What any Linux host can be asked, whatever product runs on it: the readers that products share.

`snmp` reads the host's own agent (HOST-RESOURCES, UCD-SNMP, IF-MIB), `shell` what its programs say to a
login that may only look, `certificates` its TLS ports, `listener` its SIP port; `parts` names what they tell
alike. A product takes what its hosts can do into its own polls. No product is here, and nobody is asked but
through a session.
"""
