<?php
// SPDX-License-Identifier: Apache-2.0
// A program with a table in PostgreSQL, whose columns are fields under tenants' keys: what
// field_column.c does, with nothing but openssl_encrypt, openssl_decrypt and PDO.
//     field_column.php STAND-IN-FILE make TENANTS ROWS | read | find TENANT EMAIL | add TENANT ID
//         | rotate TENANT

const RANDOM = "ENVELOPE-FIELD";
const DETERMINISTIC = "ENVELOPE-FIELD-DETERMINISTIC";

function fails(string $what): never
{
    fwrite(STDERR, "$what\n" . errors());
    exit(1);
}

// What OpenSSL has to say; its stack is empty afterwards.
function errors(): string
{
    for ($words = ""; $error = openssl_error_string();) {
        $words .= "$error\n";
    }
    return $words;
}

// ---- fields ----

// Parts, each preceded by its length.
function joined(string ...$parts): string
{
    return implode("", array_map(fn($part) => pack("n", strlen($part)) . $part, $parts));
}

// The key bytes: stand-in, tenant's key and tenant, and what is left is the context.
function key_bytes(string $context, string $tenant_key = "", string $tenant = ""): string
{
    global $stand_in;
    return "ENVF\x01" . joined($stand_in, $tenant_key, $tenant) . $context;
}

function seal(string $cipher, string $value, string $key_bytes): string
{
    $field = openssl_encrypt($value, $cipher, $key_bytes, OPENSSL_RAW_DATA);
    return $field === false ? fails("not sealed") : $field;
}

// False: it does not open.
function unseal(string $cipher, string $field, string $key_bytes): string|false
{
    return openssl_decrypt($field, $cipher, $key_bytes, OPENSSL_RAW_DATA);
}

function of_secret(array $tenant, string $row): string
{
    return key_bytes(joined("users.otp_secret", $row), $tenant["key"], $tenant["id"]);
}

function of_email(array $tenant): string
{
    return key_bytes(joined("users.email", $tenant["id"]), $tenant["key"], $tenant["id"]);
}

function make_key(string $tenant): array
{
    $key = seal(RANDOM, random_bytes(32), key_bytes("tenant key v1:" . $tenant));
    return ["id" => $tenant, "key" => $key];
}

// ---- the table ----

// Of a statement's parameters those that are bytes are named with a capital.
function ask(string $statement, array $values = []): PDOStatement
{
    global $db;
    $prepared = $db->prepare($statement);
    foreach ($values as $name => $value) {
        $prepared->bindValue($name, $value, ctype_upper($name[0]) ? PDO::PARAM_LOB : PDO::PARAM_STR);
    }
    $prepared->execute();
    return $prepared;
}

function bytes($column): ?string
{
    return $column === null ? null : stream_get_contents($column);
}

function rows(string $statement, array $values = []): array
{
    $all = [];
    foreach (ask($statement, $values) as $row) {
        foreach (["otp_secret", "email", "key"] as $column) {
            if (array_key_exists($column, $row)) {
                $row[$column] = bytes($row[$column]);
            }
        }
        $all[] = $row;
    }
    return $all;
}

function tenant_of(string $id): array
{
    return rows("SELECT id, key FROM tenants WHERE id = :id", ["id" => $id])[0] ?? fails("no such tenant");
}

// What a row says once it is open.
function values_of(string $id): array
{
    return [sprintf("SECRET%010d", $id), "user$id@example.org"];
}

function add_row(array $tenant, string $id, string $like): void
{
    [$secret, $email] = values_of($like);
    ask("INSERT INTO users VALUES (:id, :tenant, :Secret, :Email)", ["id" => $id,
        "tenant" => $tenant["id"], "Secret" => seal(RANDOM, $secret, of_secret($tenant, $id)),
        "Email" => seal(DETERMINISTIC, $email, of_email($tenant))]);
}

// False: it does not open.
function opens(array $row): bool
{
    $tenant = ["id" => $row["tenant"], "key" => $row["key"]];
    $secret = unseal(RANDOM, $row["otp_secret"], of_secret($tenant, $row["id"]));
    $email = $secret === false ? false : unseal(DETERMINISTIC, $row["email"], of_email($tenant));
    if ($secret === false || $email === false) {
        return false;
    }
    return [$secret, $email] === values_of($row["id"]) ?: fails("a row says something else");
}

// ---- what it does ----

function make(int $tenants, int $rows): void
{
    global $db;
    $db->beginTransaction();
    for ($i = 0; $i < $tenants; $i++) {
        $all[$i] = make_key("t$i");
        ask("INSERT INTO tenants VALUES (:id, :Key)", ["id" => "t$i", "Key" => $all[$i]["key"]]);
    }
    for ($i = 0; $i < $rows; $i++) {
        add_row($all[$i % $tenants], $i, $i);
    }
    $db->commit();
    echo "$tenants tenants, $rows rows\n";
}

function read_all(): void
{
    $open = $closed = $keyless = 0;
    foreach (rows("SELECT users.id::text, otp_secret, email, tenant, key FROM users
            LEFT JOIN tenants ON tenants.id = tenant") as $row) {
        if ($row["key"] === null) {
            $keyless++;
        } elseif (opens($row)) {
            $open++;
        } else {
            fwrite(STDERR, $closed++ == 0 ? errors() : "");
            errors();
        }
    }
    echo "$open open, $closed closed, $keyless without a key\n";
}

function find(string $id, string $email): void
{
    $found = rows("SELECT users.id::text, otp_secret, email, tenant, key FROM users
        JOIN tenants ON tenants.id = tenant WHERE tenant = :tenant AND email = :Email",
        ["tenant" => $id, "Email" => seal(DETERMINISTIC, $email, of_email(tenant_of($id)))]);
    foreach ($found as $row) {
        opens($row) ?: fails("it does not open");
        echo "row ", $row["id"], "\n";
    }
    echo count($found), " found\n";
}

// With the email address of row $like.
function add(string $id, int $like): void
{
    add_row(tenant_of($id), $like + 1000000000, $like);
    echo "added\n";
}

function rotate(string $id): void
{
    global $db;
    $db->beginTransaction();
    $old = tenant_of($id);
    $new = make_key($id);
    $rows = rows("SELECT id::text, otp_secret, email FROM users WHERE tenant = :tenant FOR UPDATE",
        ["tenant" => $id]);
    foreach ($rows as $row) {
        $secret = unseal(RANDOM, $row["otp_secret"], of_secret($old, $row["id"]));
        $email = unseal(DETERMINISTIC, $row["email"], of_email($old));
        $secret !== false && $email !== false ?: fails("a row does not open");
        ask("UPDATE users SET otp_secret = :Secret, email = :Email WHERE id = :id",
            ["Secret" => seal(RANDOM, $secret, of_secret($new, $row["id"])),
            "Email" => seal(DETERMINISTIC, $email, of_email($new)), "id" => $row["id"]]);
    }
    ask("UPDATE tenants SET key = :Key WHERE id = :id", ["Key" => $new["key"], "id" => $id]);
    $db->commit();
    echo count($rows), " rows sealed anew\n";
}

$stand_in = file_get_contents($argv[1]);
$db = new PDO("pgsql:", options: [PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC]);
try {
    match ($argv[2]) {
        "make" => make((int)$argv[3], (int)$argv[4]),
        "read" => read_all(),
        "find" => find($argv[3], $argv[4]),
        "add" => add($argv[3], (int)$argv[4]),
        "rotate" => rotate($argv[3]),
    };
} catch (PDOException $e) {
    echo "refused: ", $e->getCode(), "\n";
    fails($e->getMessage());
}
