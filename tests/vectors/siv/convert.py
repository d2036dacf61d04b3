#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns Wycheproof's JSON of AES-SIV into lines that a C program reads with sscanf.

    convert.py aes_siv_cmac_test.json >wycheproof.txt
"""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    suite = json.load(file)
print("# tcId result key components plaintext siv||ciphertext; - is empty")
for group in suite["testGroups"]:
    for test in group["tests"]:
        print(test["tcId"], test["result"], test["key"], test["aad"] or "-", test["msg"] or "-",
              test["ct"] or "-")
