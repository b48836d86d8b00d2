FULL = {}
QUICK = {}
