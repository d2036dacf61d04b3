<?php
// SPDX-License-Identifier: Apache-2.0
// A Laravel application's encryption: the framework's own container, service provider and Encrypter, with
// APP_KEY from the environment. APP_PREVIOUS_KEYS is Laravel 11's: each of these keys is tried after it,
// and what opens by one is encrypted with APP_KEY.
//     laravel.php encrypt TEXT
//     laravel.php decrypt      payloads on stdin, a line each
//     laravel.php reencrypt    the same, and payloads come out
use Illuminate\Config\Repository;
use Illuminate\Container\Container;
use Illuminate\Contracts\Encryption\DecryptException;
use Illuminate\Encryption\EncryptionServiceProvider;

foreach (["Container", "Config", "Encryption"] as $part) {
    require "Illuminate/$part/autoload.php";
}

function encrypter(string $key)
{
    $app = new Container();
    $app->instance("config", new Repository(["app" => ["key" => $key, "cipher" => "AES-256-CBC"]]));
    (new EncryptionServiceProvider($app))->register();
    return $app->make("encrypter");
}

function decrypt(array $encrypters, string $payload)
{
    foreach ($encrypters as $encrypter) {
        try {
            return $encrypter->decrypt($payload);
        } catch (DecryptException $e) {
            $failure = $failure ?? $e;
            if ($e->getMessage() != "The MAC is invalid.") {
                throw $e;
            }
        }
    }
    throw $failure;
}

try {
    $previous = array_filter(explode(",", getenv("APP_PREVIOUS_KEYS") ?: ""));
    $encrypters = array_map("encrypter", [getenv("APP_KEY"), ...$previous]);
    if ($argv[1] == "encrypt") {
        echo $encrypters[0]->encrypt($argv[2]), "\n";
        exit(0);
    }
    $out = "";
    while (($payload = fgets(STDIN)) !== false) {
        $value = decrypt($encrypters, trim($payload));
        $out .= ($argv[1] == "reencrypt" ? $encrypters[0]->encrypt($value) : $value) . "\n";
    }
    echo $out;
} catch (Throwable $e) {
    fwrite(STDERR, get_class($e) . ": " . $e->getMessage() . "\n");
    while ($error = openssl_error_string()) {
        fwrite(STDERR, "$error\n");
    }
    exit(1);
}
