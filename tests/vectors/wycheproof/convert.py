#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns Wycheproof's JSON into lines that a C program reads with sscanf.

    convert.py aes_wrap_test.json aes_kwp_test.json >vectors.txt
"""
import json
import sys


def lines(path, name):
    with open(path, encoding="utf-8") as file:
        suite = json.load(file)
    for group in suite["testGroups"]:
        for test in group["tests"]:
            yield " ".join([
                name,
                str(test["tcId"]),
                test["result"],
                ",".join(test["flags"]) or "-",
                test["key"] or "-",
                test["msg"] or "-",
                test["ct"] or "-",
            ])


print("# algorithm tcId result flags key msg ct; - is empty")
for argument, kind in zip(sys.argv[1:], ("KW", "KWP")):
    print("\n".join(lines(argument, kind)))
