// SPDX-License-Identifier: Apache-2.0
// A program that has its key in a file: seals or opens one file with Node's crypto.
//     served.js seal|open CIPHER KEY-FILE IN OUT
//     served.js derive KEY-FILE
// What is written is the IV and the ciphertext, with the tag of GCM behind it.
"use strict";
const crypto = require("crypto");
const fs = require("fs");

function seal(name, key, data) {
    const gcm = name.endsWith("gcm");
    const length = crypto.getCipherInfo(name).ivLength || 0;
    const iv = length > 0 ? crypto.randomBytes(length) : null;
    const cipher = crypto.createCipheriv(name, key, iv);
    if (gcm) {
        cipher.setAAD(Buffer.from("row 1"));
    }
    const parts = [iv || Buffer.alloc(0), cipher.update(data), cipher.final()];
    return Buffer.concat(gcm ? [...parts, cipher.getAuthTag()] : parts);
}

function open(name, key, data) {
    const gcm = name.endsWith("gcm");
    const length = crypto.getCipherInfo(name).ivLength || 0;
    const cipher = crypto.createDecipheriv(name, key, length > 0 ? data.subarray(0, length) : null);
    data = data.subarray(length);
    if (gcm) {
        cipher.setAuthTag(data.subarray(-16));
        cipher.setAAD(Buffer.from("row 1"));
        data = data.subarray(0, -16);
    }
    return Buffer.concat([cipher.update(data), cipher.final()]);
}

const [action, ...rest] = process.argv.slice(2);
if (action === "derive") {
    const derived = crypto.pbkdf2Sync(fs.readFileSync(rest[0]), "salty", 1000, 32, "sha256");
    console.log(derived.toString("hex"));
} else {
    const [name, key, source, target] = rest;
    fs.writeFileSync(target, { seal, open }[action](name, fs.readFileSync(key), fs.readFileSync(source)));
}
