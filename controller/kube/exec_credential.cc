#include "controller/kube/exec_credential.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "absl/strings/escaping.h"

namespace podnamed::kube {
namespace {

namespace json = boost::json;

// The text at `key`; empty where there is none.
std::string TextAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

}  // namespace

std::string ExecInfo(const Access& access, std::string_view ca) {
  json::object spec{{"interactive", false}};
  if (access.exec->wants_cluster) {
    json::object cluster{{"server", access.Url()}};
    if (!ca.empty()) cluster["certificate-authority-data"] = absl::Base64Escape(std::string(ca));
    if (access.is_insecure) cluster["insecure-skip-tls-verify"] = true;
    if (!access.tls_server_name.empty()) cluster["tls-server-name"] = access.tls_server_name;
    spec["cluster"] = std::move(cluster);
  }
  const json::object info{
      {"kind", "ExecCredential"}, {"apiVersion", access.exec->api_version}, {"spec", std::move(spec)}};
  return json::serialize(info);
}

absl::StatusOr<ExecCredential> ParseExecCredential(std::string_view text, const ExecPlugin& plugin) {
  const auto fail = [&](std::string_view what) {
    return absl::UnavailableError(fmt::format("{} has answered with {}", plugin.command, what));
  };
  boost::system::error_code error;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !root.is_object()) return fail("something that is no JSON object");
  const json::object& object = root.get_object();
  if (TextAt(object, "kind") != "ExecCredential") return fail("something that is no ExecCredential");
  if (const std::string version = TextAt(object, "apiVersion"); version != plugin.api_version) {
    return fail(fmt::format("apiVersion {}, expected {}", version, plugin.api_version));
  }
  const json::value* status = object.if_contains("status");
  if (status == nullptr || !status->is_object()) return fail("an ExecCredential without a status");
  const json::object& fields = status->get_object();
  ExecCredential credential{.token = TextAt(fields, "token"),
                            .certificate = TextAt(fields, "clientCertificateData"),
                            .key = TextAt(fields, "clientKeyData")};
  if (credential.certificate.empty() != credential.key.empty()) return fail("a certificate or a key, expected both");
  if (credential.token.empty() && credential.key.empty()) return fail("neither a token nor a certificate");
  if (const std::string expiry = TextAt(fields, "expirationTimestamp"); !expiry.empty()) {
    std::string why;
    if (!absl::ParseTime(absl::RFC3339_full, expiry, &credential.expiry, &why)) {
      return fail("an expirationTimestamp that is no time");
    }
  }
  return credential;
}

}  // namespace podnamed::kube
