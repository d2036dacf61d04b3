<?php
// SPDX-License-Identifier: Apache-2.0
// A program that has its key in a file: seals or opens one file with PHP's openssl extension.
//     served.php seal|open CIPHER KEY-FILE IN OUT
//     served.php derive KEY-FILE
// What is written is the IV and the ciphertext, with the tag of GCM behind it.

function failed(): never
{
    fwrite(STDERR, "there is no result\n");
    while ($error = openssl_error_string()) {
        fwrite(STDERR, "$error\n");
    }
    exit(1);
}

if ($argv[1] == "derive") {
    $key = openssl_pbkdf2(file_get_contents($argv[2]), "salty", 32, 1000, "sha256");
    if ($key === false) {
        failed();
    }
    echo bin2hex($key), "\n";
    exit(0);
}

[, $action, $cipher, $key_file, $source, $target] = $argv;
$key = file_get_contents($key_file);
$data = file_get_contents($source);
$gcm = str_ends_with($cipher, "gcm");
$iv_length = openssl_cipher_iv_length($cipher);
if ($iv_length === false) {
    failed();
}
if ($action == "seal") {
    $iv = $iv_length > 0 ? random_bytes($iv_length) : "";
    $tag = "";
    $sealed = $gcm ? openssl_encrypt($data, $cipher, $key, OPENSSL_RAW_DATA, $iv, $tag, "row 1")
        : openssl_encrypt($data, $cipher, $key, OPENSSL_RAW_DATA, $iv);
    $result = $sealed === false ? false : $iv . $sealed . $tag;
} else {
    $iv = substr($data, 0, $iv_length);
    $sealed = substr($data, $iv_length);
    $result = $gcm ? openssl_decrypt(substr($sealed, 0, -16), $cipher, $key, OPENSSL_RAW_DATA, $iv,
        substr($sealed, -16), "row 1")
        : openssl_decrypt($sealed, $cipher, $key, OPENSSL_RAW_DATA, $iv);
}
if ($result === false) {
    failed();
}
file_put_contents($target, $result);
