# SPDX-License-Identifier: Apache-2.0
# A program that has its key in a file: seals or opens one file with Ruby's OpenSSL.
#     served.rb seal|open CIPHER KEY-FILE IN OUT
#     served.rb derive KEY-FILE
# What is written is the IV and the ciphertext, with the tag of GCM behind it.
require "openssl"

if ARGV[0] == "derive"
  puts OpenSSL::PKCS5.pbkdf2_hmac(File.binread(ARGV[1]), "salty", 1000, 32, "sha256").unpack1("H*")
  exit
end

action, name, key_file, source, target = ARGV
data = File.binread(source)
cipher = OpenSSL::Cipher.new(name)
action == "seal" ? cipher.encrypt : cipher.decrypt
cipher.key = File.binread(key_file)
gcm = name.end_with?("gcm")
if action == "seal"
  result = cipher.iv_len.positive? ? cipher.random_iv : "".b
  cipher.auth_data = "row 1" if gcm
  result += cipher.update(data) + cipher.final
  result += cipher.auth_tag if gcm
else
  cipher.iv = data[0, cipher.iv_len] if cipher.iv_len.positive?
  data = data[cipher.iv_len..]
  if gcm
    cipher.auth_tag = data[-16..]
    cipher.auth_data = "row 1"
    data = data[0..-17]
  end
  result = cipher.update(data) + cipher.final
end
File.binwrite(target, result)
