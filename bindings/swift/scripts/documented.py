#!/usr/bin/env python3
"""Fails on every public symbol that an app sees and that has no comment.

    documented.py GRAPH

The graph is what the compiler writes of each symbol, and DocC reads.
"""
import json, sys

symbols = json.load(open(sys.argv[1]))["symbols"]
# What an app sees: the client, and the records that it passes on. The generator comments a record's
# fields and not its initialiser, which takes the same; "uniffi" is its own business.
def is_ours(symbol):
    generated = "/HomewardFFI/" in symbol["location"]["uri"]
    initialiser = symbol["kind"]["identifier"] == "swift.init"
    return not (generated and (initialiser or "niffi" in symbol["pathComponents"][-1]))

seen = [s for s in symbols if s["accessLevel"] in ("public", "open") and s.get("location")]
own = [s for s in seen if is_ours(s)]
bare = ["/".join(s["pathComponents"]) for s in own if not s.get("docComment")]
if sum("/HomewardCore/" in s["location"]["uri"] for s in own) < 30:
    sys.exit("this check does not see the client")
if bare:
    sys.exit("without a comment: " + ", ".join(sorted(bare)))
print(f"{len(own)} public symbols, each with a comment")
