#include "core/zk/digest_md5.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <optional>

namespace kz::zk {
namespace {

std::string md5(std::string_view data) {
  static const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> kMd5(EVP_MD_fetch(nullptr, "MD5", nullptr), EVP_MD_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (!kMd5 || EVP_Digest(data.data(), data.size(), hash.data(), &size, kMd5.get(), nullptr) != 1) return {};
  return {reinterpret_cast<const char*>(hash.data()), size};
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

// UTF-8 whose characters all are in ISO 8859-1 is hashed in that (RFC 2831, 2.1.2.1).
std::string hashed_form(const std::string& utf8) {
  std::string out;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<uint8_t>(utf8[i]);
    if (byte < 0x80) {
      out += utf8[i];
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < utf8.size()) {
      out += static_cast<char>((byte & 3) << 6 | (static_cast<uint8_t>(utf8[++i]) & 0x3f));
    } else {
      return utf8;
    }
  }
  return out;
}

using Directives = std::map<std::string, std::string, std::less<>>;

// key=value or key="quoted \" value", separated by commas. Null when malformed or when a key comes twice.
std::optional<Directives> parse_directives(std::string_view text) {
  Directives out;
  const auto skip_space = [&] {
    while (!text.empty() &&
           (text[0] == ' ' || text[0] == '\t' || text[0] == '\r' || text[0] == '\n' || text[0] == ',')) {
      text.remove_prefix(1);
    }
  };
  for (skip_space(); !text.empty(); skip_space()) {
    const size_t eq = text.find('=');
    if (eq == std::string_view::npos || eq == 0) return std::nullopt;
    std::string key(text.substr(0, eq));
    while (key.ends_with(' ')) key.pop_back();
    text.remove_prefix(eq + 1);
    while (text.starts_with(' ')) text.remove_prefix(1);
    std::string value;
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      while (!text.empty() && text[0] != '"') {
        if (text[0] == '\\') text.remove_prefix(1);
        if (text.empty()) return std::nullopt;
        value += text[0];
        text.remove_prefix(1);
      }
      if (text.empty()) return std::nullopt;
      text.remove_prefix(1);
    } else {
      const size_t end = std::min(text.find(','), text.size());
      value = text.substr(0, end);
      while (value.ends_with(' ')) value.pop_back();
      text.remove_prefix(end);
    }
    // Only these may repeat, and of them the first counts.
    const bool repeats = key == "realm" || key == "auth-param";
    if (!out.emplace(std::move(key), std::move(value)).second && !repeats) return std::nullopt;
  }
  return out;
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

struct Exchange {
  std::string user, realm, password, nonce, cnonce, authzid, uri;
  bool utf8 = true;

  // start: "AUTHENTICATE" for the client's digest, "" for rspauth.
  std::string digest(std::string_view start) const {
    const auto form = [&](const std::string& s) { return utf8 ? hashed_form(s) : s; };
    std::string a1 = md5(form(user) + ":" + form(realm) + ":" + form(password)) + ":" + nonce + ":" + cnonce;
    if (!authzid.empty()) a1 += ":" + authzid;
    const std::string a2 = std::string(start) + ":" + uri;
    return hex(md5(hex(md5(a1)) + ":" + nonce + ":00000001:" + cnonce + ":auth:" + hex(md5(a2))));
  }
};

SaslStep failed(std::string why) { return {SaslStep::Kind::kFailed, {}, "DIGEST-MD5: " + std::move(why)}; }

std::string uri_of(const SaslService& service) { return std::string(service.protocol) + "/" + service.server; }

std::string value_of(const Directives& directives, std::string_view key) {
  const auto it = directives.find(key);
  return it == directives.end() ? std::string() : it->second;
}

}  // namespace

std::string sasl_nonce(std::string_view random_bytes) { return hex(random_bytes); }

SaslStep DigestMd5Server::step(std::string_view response) {
  if (over_) return failed("the exchange is over");
  if (!challenged_) {
    challenged_ = true;
    return {SaslStep::Kind::kContinue,
            "realm=" + quoted(service_.server) + ",nonce=" + quoted(nonce_) + ",charset=utf-8,algorithm=md5-sess",
            {}};
  }
  over_ = true;
  const auto directives = parse_directives(response);
  if (!directives) return failed("malformed response");
  Exchange x;
  x.user = value_of(*directives, "username");
  x.realm = value_of(*directives, "realm");
  x.nonce = value_of(*directives, "nonce");
  x.cnonce = value_of(*directives, "cnonce");
  x.authzid = value_of(*directives, "authzid");
  x.uri = value_of(*directives, "digest-uri");
  x.utf8 = directives->contains("charset");
  const std::string qop = value_of(*directives, "qop");
  if (x.realm != service_.server) return failed("unknown realm " + quoted(x.realm));
  if (x.nonce != nonce_) return failed("the response is to another challenge");
  // As Java: whatever the count says, the digest is that of the first use.
  if (x.cnonce.empty() || !directives->contains("nc")) return failed("no cnonce or no nonce count");
  if (x.uri != uri_of(service_)) return failed("digest-uri is " + quoted(x.uri) + ", not " + quoted(uri_of(service_)));
  if (!qop.empty() && qop != "auth") return failed("quality of protection " + quoted(qop));
  const auto user = users_.find(x.user);
  // An unknown user takes the same way as a wrong password.
  x.password = user == users_.end() ? nonce_ : user->second;
  const std::string expected = x.digest("AUTHENTICATE");
  const std::string given = value_of(*directives, "response");
  const bool equal = given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0;
  if (!equal || user == users_.end()) return failed("unknown user or wrong password: " + quoted(x.user));
  user_ = x.user;
  return {SaslStep::Kind::kDone, "rspauth=" + x.digest(""), {}};
}

SaslStep DigestMd5Client::step(std::string_view challenge) {
  const auto directives = parse_directives(challenge);
  if (!directives) return failed("malformed challenge");
  if (!expected_.empty()) {
    if (value_of(*directives, "rspauth") != expected_) return failed("the server does not know the password");
    return {SaslStep::Kind::kDone, {}, {}};
  }
  Exchange x;
  x.user = user_;
  x.password = password_;
  x.cnonce = cnonce_;
  x.authzid = user_;
  x.uri = uri_of(service_);
  x.nonce = value_of(*directives, "nonce");
  const auto realm = directives->find("realm");
  x.realm = realm == directives->end() ? service_.server : realm->second;
  x.utf8 = directives->contains("charset");
  if (x.nonce.empty()) return failed("a challenge without a nonce");
  if (value_of(*directives, "algorithm") != "md5-sess") return failed("the server offers no md5-sess");
  const std::string qop = value_of(*directives, "qop");
  if (!qop.empty() && ("," + qop + ",").find(",auth,") == std::string::npos) return failed("the server wants " + qop);
  std::string out;
  if (x.utf8) out = "charset=utf-8,";
  out += "username=" + quoted(x.user) + ",realm=" + quoted(x.realm) + ",nonce=" + quoted(x.nonce) +
         ",nc=00000001,cnonce=" + quoted(x.cnonce) + ",digest-uri=" + quoted(x.uri) +
         ",maxbuf=65536,response=" + x.digest("AUTHENTICATE") + ",qop=auth,authzid=" + quoted(x.authzid);
  expected_ = x.digest("");
  return {SaslStep::Kind::kContinue, std::move(out), {}};
}

}  // namespace kz::zk
