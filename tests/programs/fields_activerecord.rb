# SPDX-License-Identifier: Apache-2.0
# What is behind the type of docs/FIELDS.md: fields_frameworks.sh puts the two together. The argument
# is what a field says that was altered.

def demand(what) = yield || raise(what)

ActiveRecord::Base.establish_connection(adapter: "postgresql", host: ENV["PGHOST"], database: "postgres",
                                        username: "test")
User.attribute :email, Field.new("users.email", File.binread("stand-in.email"), "ENVELOPE-FIELD-DETERMINISTIC")

one = User.create!(otp_secret: "JBSWY3DPEHPK3PXP", email: "ann@example.org")
two = User.create!(otp_secret: "JBSWY3DPEHPK3PXP", email: "b\u00f6b@example.org")
demand("opens") { User.find(one.id).otp_secret == "JBSWY3DPEHPK3PXP" }
demand("opens") { User.find(two.id).email == "b\u00f6b@example.org" }
demand("found") { User.where(email: "ann@example.org").pluck(:id) == [one.id] }
demand("not found") { User.find_by(email: "eve@example.org").nil? }
demand("not two") do
  User.create!(otp_secret: "x", email: "ann@example.org")
  false
rescue ActiveRecord::RecordNotUnique
  true
end
demand("unchanged") { !User.find(one.id).changed? && !User.find(one.id).tap(&:otp_secret).changed? }
User.find(one.id).update!(otp_secret: "NBSWY3DPEHPK3PXP")
demand("changed") { User.find(one.id).otp_secret == "NBSWY3DPEHPK3PXP" }
three = User.create!(otp_secret: "", email: nil)
demand("empty") { User.find(three.id).otp_secret == "" && User.find(three.id).email.nil? }

# A field that was altered.
User.where(id: two.id).update_all("otp_secret = set_byte(otp_secret, 60, get_byte(otp_secret, 60) # 1)")
begin
  User.find(two.id).otp_secret
  raise "an altered field opens"
rescue OpenSSL::Cipher::CipherError => e
  demand(e.message) { e.message.include?(ARGV[0]) }
end
puts "all is well"
