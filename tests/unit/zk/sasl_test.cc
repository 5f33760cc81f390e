// DIGEST-MD5, JAAS files, and SASL exchanges with the pipeline.
#include <doctest/doctest.h>

#include "core/zk/digest_md5.h"
#include "core/zk/jaas.h"
#include "core/zk/sasl_config.h"
#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

constexpr SaslService kRfc{"imap", "elwood.innosoft.com"};
constexpr auto kDone = SaslStep::Kind::kDone;
constexpr auto kGoOn = SaslStep::Kind::kContinue;
constexpr auto kFail = SaslStep::Kind::kFailed;

const std::string kJaas = R"(
// users
Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
    user_super="adminsecret" # the boss
    user_bob="bob\"secret";
};
/* of the
   tools */
Client {
  org.apache.zookeeper.server.auth.DigestLoginModule Required username="bob" password=bobsecret;
};
)";

}  // namespace

TEST_CASE("the exchange of RFC 2831, section 4") {
  const SaslUsers users{{"chris", "secret"}};
  DigestMd5Server server(kRfc, users, "OA6MG9tEQGm2hh");
  CHECK(server.step("").kind == kGoOn);
  const SaslStep end = server.step(
      "charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",nc=00000001,"
      "cnonce=\"OA6MHXh6VqTrRk\",digest-uri=\"imap/elwood.innosoft.com\","
      "response=d388dad90d4bbd760a152321f2143af7,qop=auth");
  CHECK(end.kind == kDone);
  CHECK(end.token == "rspauth=ea40f60335c427b5527b84dbabcdfffd");
  CHECK(server.user() == "chris");
  CHECK(server.step("again").kind == kFail);
}

TEST_CASE("our client and our server: right and wrong passwords, names in all kinds of letters") {
  const SaslUsers users{{"bob", "pw"}, {"j\u00f6rg \"q\" \\", "gr\u00fc\u00df"}, {"\u4e2d", "\u6587"}};
  for (const auto& [user, password] : users) {
    DigestMd5Server server(kClientSaslService, users, "nonce");
    DigestMd5Client client(kClientSaslService, user, password, "cnonce");
    const SaslStep response = client.step(server.step("").token);
    CHECK(response.kind == kGoOn);
    const SaslStep end = server.step(response.token);
    REQUIRE(end.kind == kDone);
    CHECK(server.user() == user);
    CHECK(client.step(end.token).kind == kDone);
  }
  const auto attempt = [&](const char* user, const char* password) {
    DigestMd5Server server(kClientSaslService, users, "nonce");
    DigestMd5Client client(kClientSaslService, user, password, "cnonce");
    return server.step(client.step(server.step("").token).token).kind;
  };
  CHECK(attempt("bob", "pw") == kDone);
  CHECK(attempt("bob", "pw2") == kFail);
  CHECK(attempt("eve", "pw") == kFail);
  CHECK(attempt("eve", "nonce") == kFail);
  CHECK(attempt("", "") == kFail);
}

TEST_CASE("responses that are to something else") {
  const SaslUsers users{{"bob", "pw"}};
  const auto attempt = [&](std::string_view from, std::string_view to) {
    DigestMd5Server server(kClientSaslService, users, "nonce");
    DigestMd5Client client(kClientSaslService, "bob", "pw", "cnonce");
    std::string token = client.step(server.step("").token).token;
    const size_t at = token.find(from);
    REQUIRE(at != std::string::npos);
    token.replace(at, from.size(), to);
    return server.step(token).kind;
  };
  CHECK(attempt("qop=auth", "qop=auth") == kDone);
  CHECK(attempt("nonce=\"nonce\"", "nonce=\"other\"") == kFail);
  CHECK(attempt("nc=00000001,", "") == kFail);
  CHECK(attempt("realm=\"zk-sasl-md5\"", "realm=\"x\"") == kFail);
  CHECK(attempt("zookeeper/zk-sasl-md5", "zookeeper/x") == kFail);
  CHECK(attempt("qop=auth", "qop=auth-conf") == kFail);
  CHECK(attempt("authzid=\"bob\"", "authzid=\"super\"") == kFail);
  CHECK(attempt("cnonce=\"cnonce\"", "cnonce=\"\"") == kFail);
  CHECK(attempt("username=", "username=\"x\",username=") == kFail);
  CHECK(attempt(",qop=auth", ",qop=\"auth") == kFail);
  CHECK(attempt("charset=utf-8,", "=,") == kFail);
  DigestMd5Server impatient(kClientSaslService, users, "nonce");
  CHECK(impatient.step("username=\"bob\"").kind == kGoOn);
  DigestMd5Client client(kClientSaslService, "bob", "pw", "cnonce");
  CHECK(client.step("realm=\"x\",algorithm=md5-sess").kind == kFail);
  CHECK(client.step("nonce=\"n\"").kind == kFail);
  CHECK(client.step("nonce=\"n\",algorithm=md5-sess,qop=\"auth-conf\"").kind == kFail);
  CHECK(client.step("nonce=\"n\",algorithm=md5-sess,qop=\"auth-int,auth\"").kind == kGoOn);
  CHECK(client.step("rspauth=0123").kind == kFail);
}

TEST_CASE("JAAS files: sections, comments, quotes, complaints") {
  const auto file = parse_jaas(kJaas);
  REQUIRE(file.has_value());
  CHECK(jaas_users(*file, "Server").value() == SaslUsers{{"bob", "bob\"secret"}, {"super", "adminsecret"}});
  CHECK(jaas_login(*file, "Client").value()->password == "bobsecret");
  CHECK_FALSE(jaas_users(*file, "Other").value().has_value());
  CHECK_FALSE(jaas_login(*file, "Server").has_value());
  const auto complaint = [](const char* text) { return parse_jaas(text).error(); };
  CHECK(complaint("Server") == "the file ends where '{' after the section's name should stand");
  CHECK(complaint("Server {\n x needed;\n};") ==
        "line 2: 'needed' where required, requisite, sufficient or optional should stand");
  CHECK(complaint("Server { x required a=\"b\" }") ==
        "the file ends where '=' after }, or ';' behind the options should stand");
  CHECK(complaint("Server { x required a=\"b; };\n") == "line 1: a quote without its end");
  CHECK(complaint("/* x") == "line 1: a comment without its end");
  CHECK(complaint("Server { x required a=b; }") == "the file ends where ';' behind '}' should stand");
  const auto kerberos = parse_jaas("Server { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true; };");
  CHECK(jaas_users(*kerberos, "Server")
            .error()
            .starts_with("section Server: com.sun.security.auth.module.Krb5LoginModule"));
}

TEST_CASE("a JAAS file in the configuration") {
  ZooConfig config = config_of("java.security.auth.login.config=/etc/zk.jaas\n");
  CHECK(config.jaas_file == "/etc/zk.jaas");
  CHECK(apply_jaas(config, kJaas).empty());
  CHECK(config.sasl_users->size() == 2);
  config = config_of("sasl.serverconfig=Mine\n");
  CHECK(apply_jaas(config, kJaas).find("No JAAS configuration section named 'Mine'") != std::string::npos);
  config = config_of("SASLAuthenticationProvider.superPassword=other\n");
  CHECK(apply_jaas(config, kJaas).empty());
  CHECK(config.sasl_users->at("super") == "other");
  config = config_of("quorum.auth.enableSasl=true\n");
  CHECK(apply_jaas(config, kJaas).find("'QuorumServer'") != std::string::npos);
  CHECK_THROWS(config_of("sessionRequireClientSASLAuth=true\n"));
  CHECK_THROWS(config_of("enforce.auth.enabled=true\nenforce.auth.schemes=digest,sasl\n"));
}

TEST_CASE("SASL at the server: done, refused, without a login, required") {
  const auto provider = std::string("authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n");
  const auto setup = [&](Server& server) {
    server.config.sasl_users = SaslUsers{{"bob", "pw"}};
    server.pipeline->set_entropy([](size_t n) { return std::string(n, 'x'); });
  };
  // Returns the code of the last answer.
  const auto log_in = [](Server& server, ConnId conn, const char* password) {
    DigestMd5Client client(kClientSaslService, "bob", password, "cnonce");
    const auto challenge = Server::decode<SaslToken>(server.call(conn, OpCode::kSasl, SaslToken{bytes("")}));
    const SaslStep response = client.step(challenge.token->text());
    const Reply end = server.call(conn, OpCode::kSasl, SaslToken{bytes(response.token)});
    if (end.header.err == 0) {
      const auto token = Server::decode<SaslToken>(end).token;
      CHECK((!token || client.step(token->text()).kind == kDone));
    }
    return static_cast<KeeperCode>(end.header.err);
  };
  const AclList for_bob{{kPermAll, {"sasl", "bob"}}};
  {
    Server server(provider + "superUser=bob\n");
    setup(server);
    const ConnId a = server.client(), b = server.client(), c = server.client();
    CHECK(log_in(server, a, "pw") == KeeperCode::kOk);
    CHECK(server.code(a, OpCode::kCreate, create("/x", "", 0, for_bob)) == KeeperCode::kOk);
    CHECK(server.code(b, OpCode::kGetData, PathRequest{"/x", false}) == KeeperCode::kNoAuth);
    CHECK(server.code(a, OpCode::kGetData, PathRequest{"/x", false}) == KeeperCode::kOk);
    CHECK(log_in(server, b, "wrong") == KeeperCode::kAuthFailed);
    CHECK(server.inbox[b].closed);
    CHECK_FALSE(server.inbox[a].closed);
    server.frame(c, jute::encode(RequestHeader{1, 102}).text());
    CHECK(server.inbox[c].closed);
  }
  {
    Server server;  // no JAAS file: no token, and no scheme for ACLs
    const ConnId a = server.client();
    CHECK_FALSE(Server::decode<SaslToken>(server.call(a, OpCode::kSasl, SaslToken{bytes("")})).token.has_value());
    CHECK(server.code(a, OpCode::kCreate, create("/x", "", 0, for_bob)) == KeeperCode::kInvalidAcl);
  }
  {
    Server server(provider + "allowSaslFailedClients=true\n");
    setup(server);
    const ConnId a = server.client();
    CHECK(log_in(server, a, "wrong") == KeeperCode::kOk);
    CHECK(server.code(a, OpCode::kCreate, create("/x")) == KeeperCode::kOk);
  }
  {
    Server server(provider + "allowSaslFailedClients=true\nsessionRequireClientSASLAuth=true\n");
    setup(server);
    const ConnId a = server.client(), b = server.client(), c = server.client();
    CHECK(log_in(server, a, "wrong") == KeeperCode::kSessionClosedRequireSaslAuth);
    CHECK(server.inbox[a].closed);
    CHECK(server.code(b, OpCode::kExists, PathRequest{"/", false}) == KeeperCode::kSessionClosedRequireSaslAuth);
    CHECK(server.inbox[b].closed);
    CHECK(log_in(server, c, "pw") == KeeperCode::kOk);
    CHECK(server.code(c, OpCode::kExists, PathRequest{"/", false}) == KeeperCode::kOk);
  }
}

TEST_CASE("eager ACL checks refuse before a zxid is taken, in the order of requests") {
  Server server("enableEagerACLCheck=true\nstandaloneEnabled=false\ninitLimit=5\nsyncLimit=2\nserver.1=h:1:2\n");
  const ConnId a = server.client();
  CHECK(server.code(a, OpCode::kCreate, create("/x", "", 0, {{kPermRead, {"world", "anyone"}}})) == KeeperCode::kOk);
  const Zxid before = server.appended;
  CHECK(server.code(a, OpCode::kSetData, SetDataRequest{"/x", bytes("1"), -1}) == KeeperCode::kNoAuth);
  CHECK(server.code(a, OpCode::kCreate, create("/x/y")) == KeeperCode::kNoAuth);
  CHECK(server.code(a, OpCode::kCreate, create("/z", "", 0, {})) == KeeperCode::kInvalidAcl);
  CHECK(server.code(a, OpCode::kSetAcl, SetAclRequest{"/x", open_acl(), -1}) == KeeperCode::kNoAuth);
  CHECK(server.code(a, OpCode::kDelete, DeleteRequest{"/x/y", -1}) == KeeperCode::kNoAuth);
  CHECK(server.appended == before);
  server.auto_durable = false;
  server.request(a, 100, OpCode::kCreate, create("/slow"));
  server.request(a, 101, OpCode::kSetData, SetDataRequest{"/x", bytes("1"), -1});
  CHECK_FALSE(server.reply(a).has_value());
  server.sync();
  CHECK(server.reply(a)->header.xid == 100);
  CHECK(server.reply(a)->header.err == static_cast<int32_t>(KeeperCode::kNoAuth));
}
