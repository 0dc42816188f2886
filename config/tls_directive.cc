#include "config/tls_directive.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "config/suggest.h"

namespace podnamed::config {
namespace {

constexpr std::pair<std::string_view, ClientAuth> kClientAuths[] = {
    {"nocert", ClientAuth::kNoCert},
    {"request", ClientAuth::kRequest},
    {"require", ClientAuth::kRequire},
    {"verify_if_given", ClientAuth::kVerifyIfGiven},
    {"require_and_verify", ClientAuth::kRequireAndVerify},
};

void ReadClientAuth(const Directive& line, TlsOptions& tls, const Context& context) {
  const Token* argument = OnlyArgument(line, "client_auth TYPE", context.errors);
  if (argument == nullptr) return;
  std::vector<std::string_view> names;
  for (const auto& [name, client_auth] : kClientAuths) names.push_back(name);
  const auto found = std::find(names.begin(), names.end(), argument->text);
  if (found == names.end()) {
    context.errors.Add(argument->position,
                       "client_auth is {}; expected nocert, request, require, verify_if_given or require_and_verify{}",
                       Quoted(argument->text), DidYouMean(argument->text, names));
    return;
  }
  tls.client_auth = kClientAuths[found - names.begin()].second;
}

constexpr Word<TlsOptions> kProperties[] = {
    {"client_auth", ReadClientAuth},
};

constexpr ForeignWord kPropertiesOfCoreDns[] = {
    {"keylog", "remove it: podnamed gives the keys of its connections to nobody"}};

constexpr Vocabulary<TlsOptions> kVocabulary = {"tls property", kProperties, kPropertiesOfCoreDns};

}  // namespace

void ReadTls(const Directive& line, ServerBlockOptions& block, const Context& context) {
  TlsOptions tls;
  tls.place = PositionText(line.name.position);
  if (line.arguments.size() < 2 || line.arguments.size() > 3) {
    context.errors.Add(line.name.position, "tls has {} arguments; expected \"tls CERT KEY [CA]\"",
                       line.arguments.size());
  }
  std::string* const files[] = {&tls.certificate, &tls.key, &tls.ca};
  for (size_t i = 0; i < std::min(line.arguments.size(), std::size(files)); ++i) {
    *files[i] = line.arguments[i].text;
    if (files[i]->empty()) {
      context.errors.Add(line.arguments[i].position,
                         "tls has an empty file (a variable may be unset); expected \"tls CERT KEY [CA]\"");
    }
  }
  ReadBlock(line.block, kVocabulary, tls, context);
  block.tls = std::move(tls);
}

}  // namespace podnamed::config
