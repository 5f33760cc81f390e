#include "core/zk/auth.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace kz::zk {
namespace {

// IPv4 as four octets, IPv6 as sixteen; empty when the text is neither.
using Address = std::vector<uint8_t>;

bool parse_number(std::string_view s, int base, int max, int& out) {
  if (base == 10 && s.size() > 1 && s[0] == '+' && s[1] != '-') s.remove_prefix(1);  // as Integer.parseInt
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), out, base);
  return error == std::errc() && end == s.data() + s.size() && !s.empty() && out >= 0 && out <= max;
}

Address parse_v4(std::string_view s) {
  Address out;
  while (out.size() < 4) {
    const size_t dot = s.find('.');
    int octet = 0;
    if (!parse_number(s.substr(0, dot), 10, 255, octet)) return {};
    out.push_back(static_cast<uint8_t>(octet));
    if (dot == std::string_view::npos) {
      s = {};
      break;
    }
    s.remove_prefix(dot + 1);
    if (out.size() == 4) return {};
  }
  return out.size() == 4 ? out : Address{};
}

bool append_groups(std::string_view s, Address& out) {
  while (!s.empty()) {
    const size_t colon = s.find(':');
    const std::string_view group = s.substr(0, colon);
    int value = 0;
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      const Address tail = parse_v4(group);
      out.insert(out.end(), tail.begin(), tail.end());
      return !tail.empty();
    }
    if (group.size() > 4 || !parse_number(group, 16, 0xffff, value)) return false;
    out.push_back(static_cast<uint8_t>(value >> 8));
    out.push_back(static_cast<uint8_t>(value));
    if (colon == std::string_view::npos) return true;
    s.remove_prefix(colon + 1);
    if (s.empty()) return false;  // a trailing colon
  }
  return true;
}

Address parse_v6(std::string_view s) {
  const size_t gap = s.find("::");
  Address head, tail;
  if (gap == std::string_view::npos) {
    return append_groups(s, head) && head.size() == 16 ? head : Address{};
  }
  if (!append_groups(s.substr(0, gap), head) || !append_groups(s.substr(gap + 2), tail)) return {};
  if (head.size() + tail.size() > 14) return {};
  head.resize(16 - tail.size(), 0);
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

Address parse_address(std::string_view s) { return s.find(':') == std::string_view::npos ? parse_v4(s) : parse_v6(s); }

// address[/bits]
bool parse_expression(std::string_view s, Address& address, int& bits) {
  const size_t slash = s.find('/');
  address = parse_address(s.substr(0, slash));
  if (address.empty()) return false;
  bits = static_cast<int>(address.size()) * 8;
  return slash == std::string_view::npos || parse_number(s.substr(slash + 1), 10, bits, bits);
}

void add_id(Ids& ids, Id id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
}

bool open_entry(const Id& id) { return id.scheme == "world" && id.id == "anyone"; }

}  // namespace

Authenticator::Authenticator(const ZooConfig& config)
    : skip_acl_(config.skip_acl),
      digest_algorithm_(config.digest_algorithm),
      super_digest_(config.super_digest),
      ensemble_names_(config.ensemble_auth_names),
      enforce_auth_(config.enforce_auth_enabled),
      enforced_schemes_(config.enforce_auth_schemes),
      schemes_(config.auth_schemes),
      sasl_super_users_(config.sasl_super_users),
      sasl_any_user_(config.sasl_any_user) {}

std::string Authenticator::digest_id(std::string_view user_password, const std::string& algorithm) {
  const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> md(EVP_MD_fetch(nullptr, algorithm.c_str(), nullptr), EVP_MD_free);
  if (!md) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (EVP_Digest(user_password.data(), user_password.size(), hash.data(), &size, md.get(), nullptr) != 1) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE * 2> text{};
  const int length = EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(size));
  std::string out(user_password.substr(0, user_password.find(':')));
  out += ':';
  return out.append(reinterpret_cast<const char*>(text.data()), static_cast<size_t>(length));
}

bool Authenticator::ip_valid(std::string_view expression) {
  Address address;
  int bits = 0;
  return parse_expression(expression, address, bits);
}

bool Authenticator::ip_matches(std::string_view address, std::string_view expression) {
  Address entry;
  int bits = 0;
  if (!parse_expression(expression, entry, bits)) return false;
  const Address caller = parse_address(address);
  if (caller.size() != entry.size()) return false;
  for (size_t i = 0; i < caller.size(); ++i) {
    const int left = std::clamp(bits - static_cast<int>(i) * 8, 0, 8);
    const auto mask = static_cast<uint8_t>(0xff00 >> left);
    if ((caller[i] & mask) != (entry[i] & mask)) return false;
  }
  return true;
}

KeeperCode Authenticator::authenticate(std::string_view scheme, const NullableBytes& auth, Ids& ids) const {
  if (!schemes_.contains(scheme)) return KeeperCode::kAuthFailed;
  if (scheme == "digest") {
    if (!auth) return KeeperCode::kAuthFailed;
    const std::string id = digest_id(as_text(auth->bytes()), digest_algorithm_);
    if (id.empty()) return KeeperCode::kAuthFailed;
    if (!super_digest_.empty() && id == super_digest_) add_id(ids, {"super", ""});
    add_id(ids, {"digest", id});
    return KeeperCode::kOk;
  }
  if (scheme == "ip") return KeeperCode::kOk;  // every connection has its own already
  if (scheme == "ensemble") {
    if (!auth || auth->empty() || ensemble_names_.empty()) return KeeperCode::kOk;
    const bool known = std::find(ensemble_names_.begin(), ensemble_names_.end(), auth->text()) != ensemble_names_.end();
    return known ? KeeperCode::kOk : KeeperCode::kBadArguments;
  }
  return KeeperCode::kAuthFailed;
}

void Authenticator::add_sasl_user(const std::string& user, Ids& ids) const {
  add_id(ids, {"sasl", user});
  if (sasl_super_users_.contains(user)) add_id(ids, {"super", ""});
}

bool Authenticator::matches(const Id& caller, const Id& entry) const {
  if (caller.scheme != entry.scheme || !schemes_.contains(entry.scheme)) return false;
  if (entry.scheme == "ip") return ip_matches(caller.id, entry.id);
  if (entry.scheme == "ensemble") return false;
  if (caller.id == entry.id) return true;
  return entry.scheme == "sasl" && (caller.id == "super" || (!sasl_any_user_.empty() && entry.id == sasl_any_user_));
}

bool Authenticator::allowed(const AclList& acl, int32_t perms, const Ids& ids) const {
  if (skip_acl_ || acl.empty()) return true;
  for (const Acl& entry : acl) {
    if ((entry.perms & perms) != 0 && open_entry(entry.id)) return true;
  }
  if (std::any_of(ids.begin(), ids.end(), [](const Id& id) { return id.scheme == "super"; })) return true;
  for (const Acl& entry : acl) {
    if ((entry.perms & perms) == 0) continue;
    for (const Id& id : ids) {
      if (matches(id, entry.id)) return true;
    }
  }
  return false;
}

bool Authenticator::valid_id(const Id& id) const {
  if (!schemes_.contains(id.scheme)) return false;
  if (id.scheme == "ip") return ip_valid(id.id);
  if (id.scheme == "digest") {
    // Java's split(":") drops empty parts at the end: two must remain.
    const std::string_view kept = std::string_view(id.id).substr(0, id.id.find_last_not_of(':') + 1);
    return std::count(kept.begin(), kept.end(), ':') == 1;
  }
  // The names of Kerberos principals: at most one '@'.
  if (id.scheme == "sasl") return std::count(id.id.begin(), id.id.end(), '@') <= 1;
  return id.scheme == "x509" && !id.id.empty();
}

std::optional<AclList> Authenticator::fix_up(const AclList& acl, const Ids& ids) const {
  if (acl.empty()) return std::nullopt;
  AclList out;
  for (size_t i = 0; i < acl.size(); ++i) {
    const Acl& entry = acl[i];
    if (std::find(acl.begin(), acl.begin() + static_cast<std::ptrdiff_t>(i), entry) !=
        acl.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    if (open_entry(entry.id)) {
      out.push_back(entry);
    } else if (entry.id.scheme == "auth") {
      bool any = false;
      for (const Id& id : ids) {
        if (!schemes_.contains(id.scheme) || id.scheme == "ip" || id.scheme == "ensemble") continue;
        out.push_back({entry.perms, id});
        any = true;
      }
      if (!any) return std::nullopt;
    } else {
      if (!valid_id(entry.id)) return std::nullopt;
      out.push_back(entry);
    }
  }
  return out;
}

ClientInfo Authenticator::client_info(const Id& id) {
  if (id.scheme == "digest") return {id.scheme, id.id.substr(0, id.id.find(':'))};
  return {id.scheme, id.id};
}

bool Authenticator::sasl_required() const {
  return enforce_auth_ &&
         std::find(enforced_schemes_.begin(), enforced_schemes_.end(), "sasl") != enforced_schemes_.end();
}

bool Authenticator::enforced_schemes_met(const Ids& ids) const {
  if (!enforce_auth_) return true;
  return std::any_of(ids.begin(), ids.end(), [&](const Id& id) {
    return std::find(enforced_schemes_.begin(), enforced_schemes_.end(), id.scheme) != enforced_schemes_.end();
  });
}

}  // namespace kz::zk
