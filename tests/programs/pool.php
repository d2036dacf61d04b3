<?php
// SPDX-License-Identifier: Apache-2.0
// A page of an application whose key is in a file: pool.php?action=seal|open&key=FILE&in=FILE&out=FILE.
// Says which process it was, and how it went.
header("Content-Type: text/plain");
$key = file_get_contents($_GET["key"]);
$data = file_get_contents($_GET["in"]);
if ($_GET["action"] == "seal") {
    $iv = random_bytes(16);
    $result = openssl_encrypt($data, "aes-256-cbc", $key, OPENSSL_RAW_DATA, $iv);
    $result = $result === false ? false : $iv . $result;
} else {
    $result = openssl_decrypt(substr($data, 16), "aes-256-cbc", $key, OPENSSL_RAW_DATA, substr($data, 0, 16));
}
if ($result === false) {
    http_response_code(500);
}
echo "process ", getmypid(), "\n";
if ($result === false) {
    while ($error = openssl_error_string()) {
        echo "$error\n";
    }
    exit;
}
file_put_contents($_GET["out"], $result);
echo "done\n";
