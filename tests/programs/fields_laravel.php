<?php
// SPDX-License-Identifier: Apache-2.0
// What is behind the cast of docs/FIELDS.md: fields_frameworks.sh puts the two together. The
// argument is what a field says that was sealed for another row.

$capsule = new Illuminate\Database\Capsule\Manager();
$capsule->addConnection(["driver" => "pgsql", "host" => getenv("PGHOST"), "database" => "postgres",
    "username" => "test"]);
$capsule->bootEloquent();

function demand(bool $ok, string $what): void
{
    $ok ?: throw new Exception($what);
}

[$one, $two] = ["6f1c0f5e-5b1c-4a57-8d4e-000000000001", "6f1c0f5e-5b1c-4a57-8d4e-000000000002"];
User::create(["id" => $one, "otp_secret" => "JBSWY3DPEHPK3PXP"]);
User::create(["id" => $two, "otp_secret" => "JBSWY3DPEHPK3PXP"]);
User::create(["id" => "6f1c0f5e-5b1c-4a57-8d4e-000000000003", "otp_secret" => null]);
demand(User::find($one)->otp_secret === "JBSWY3DPEHPK3PXP", "it does not open");
demand(User::where("otp_secret", null)->first()->otp_secret === null, "null");
$raw = fn($id) => User::find($id)->getAttributes()["otp_secret"];
demand($raw($one) !== $raw($two), "two fields are the same");
$user = User::find($two);
$user->otp_secret = "another";
demand($user->otp_secret === "another", "changed");
$user->otp_secret = "NBSWY3DPEHPK3PXP";
$user->save();
demand(User::find($two)->otp_secret === "NBSWY3DPEHPK3PXP", "saved");

// A row that has another one's field.
$user->setRawAttributes(["id" => $two, "otp_secret" => $raw($one)]);
try {
    $user->otp_secret;
    demand(false, "another row's field opens");
} catch (RuntimeException $e) {
    demand(str_contains($e->getMessage(), $argv[1]), $e->getMessage());
}
try {
    new User(["otp_secret" => "x"]);
    demand(false, "a field without a row");
} catch (LogicException $e) {
    demand($e->getMessage() === "no id yet", $e->getMessage());
}
echo "all is well\n";
