"""The contract's rules, one small file per letter (T trunks, S stations, O outage, ...). Pure."""
