# SPDX-License-Identifier: Apache-2.0
"""A program that has its key in a file: seals or opens one file with Python's cryptography.

served.py seal|open cbc|gcm KEY-FILE IN OUT, or derive KEY-FILE. What is written is the IV and the ciphertext, with
the tag of GCM behind it.
"""
import os
import sys

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC


def contents(name):
    with open(name, "rb") as file:
        return file.read()


def cbc(action, key, data):
    pad = padding.PKCS7(128)
    if action == "seal":
        iv = os.urandom(16)
        sealing = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        padder = pad.padder()
        padded = padder.update(data) + padder.finalize()
        return iv + sealing.update(padded) + sealing.finalize()
    opening = Cipher(algorithms.AES(key), modes.CBC(data[:16])).decryptor()
    unpadder = pad.unpadder()
    padded = opening.update(data[16:]) + opening.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def gcm(action, key, data):
    if action == "seal":
        iv = os.urandom(12)
        return iv + AESGCM(key).encrypt(iv, data, b"row 1")
    return AESGCM(key).decrypt(data[:12], data[12:], b"row 1")


def main():
    if sys.argv[1] == "derive":
        kdf = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=b"salty", iterations=1000)
        print(kdf.derive(contents(sys.argv[2])).hex())
        return
    action, mode, key, source, target = sys.argv[1:]
    result = {"cbc": cbc, "gcm": gcm}[mode](action, contents(key), contents(source))
    with open(target, "wb") as file:
        file.write(result)


main()
