# SPDX-License-Identifier: Apache-2.0
# What a Rails application encrypts with: Rails' credentials, messages, cookies (by secret_key_base), and the gem
# encryptor, which attr_encrypted uses. Its keys are in the folder of its configuration.
#     rails.rb write CONFIGURATION DATA VALUE
#     rails.rb read CONFIGURATION DATA
# DATA is a folder with a file for each way. A line for each comes out: the value, or its error with the cause.
require "active_support"
require "active_support/encrypted_file"
require "active_support/message_encryptor"
require "active_support/key_generator"
require "encryptor"

# The nonce stays the program's: attr_encrypted has one in a column of its own.
class Column
  def initialize(options)
    @options = options
  end

  def encrypt_and_sign(value)
    iv = OpenSSL::Random.random_bytes(12)
    iv + Encryptor.encrypt(**@options, value: value, iv: iv)
  end

  def decrypt_and_verify(data)
    Encryptor.decrypt(**@options, value: data[12..], iv: data[0, 12])
  end
end

action, configuration, data, value = ARGV
secret = ->(name) { File.binread(File.join(configuration, name)) }
gcm = "aes-256-gcm"
encryptor = ActiveSupport::MessageEncryptor
ways = {
  "message" => -> { encryptor.new(secret["message_key"], cipher: gcm) },
  "signed" => -> { encryptor.new(secret["cbc_key"], secret["sign_key"], cipher: "aes-256-cbc") },
  "cookie" => lambda {
    keys = ActiveSupport::KeyGenerator.new(secret["secret_key_base"], iterations: 1000)
    encryptor.new(keys.generate_key("authenticated encrypted cookie", 32), cipher: gcm)
  },
  "column" => -> { Column.new(key: secret["message_key"]) },
  "salted" => -> { Column.new(key: secret["secret_key_base"], salt: "of the column") }
}

def told(error)
  [error, error.cause].compact.map { |e| "#{e.class}: #{e.message}" }.join(" because of ")
end

def show(way)
  puts "#{way}: #{yield}"
rescue StandardError => e
  puts "#{way}: #{told(e)}"
end

show("credentials") do
  file = ActiveSupport::EncryptedFile.new(
    content_path: File.join(data, "credentials.yml.enc"), key_path: File.join(configuration, "master.key"),
    env_key: "RAILS_MASTER_KEY", raise_if_missing_key: true
  )
  file.write(value) if action == "write"
  action == "write" ? "written" : file.read
end
ways.each do |way, make|
  show(way) do
    file = File.join(data, way)
    if action == "write"
      File.binwrite(file, make.call.encrypt_and_sign(value)) && "written"
    else
      make.call.decrypt_and_verify(File.binread(file))
    end
  end
end
