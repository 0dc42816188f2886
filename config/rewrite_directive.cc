#include "config/rewrite_directive.h"

#include <re2/re2.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "config/metadata_directive.h"
#include "config/number.h"
#include "config/regular_expression.h"
#include "config/suggest.h"
#include "server/dns/edns.h"
#include "server/dns/name.h"

namespace podnamed::config {
namespace {

constexpr std::string_view kFields[] = {"name", "type", "class", "ttl", "edns0", "cname", "rcode"};
constexpr std::pair<std::string_view, NameMatch::Kind> kMatches[] = {
    {"exact", NameMatch::Kind::kExact},   {"prefix", NameMatch::Kind::kPrefix},
    {"suffix", NameMatch::Kind::kSuffix}, {"substring", NameMatch::Kind::kSubstring},
    {"regex", NameMatch::Kind::kRegex},
};
constexpr std::string_view kNameUsage =
    "name [exact|prefix|suffix|substring|regex] FROM TO [answer auto | answer name|value FROM TO]…";
constexpr std::string_view kTtlUsage = "ttl [exact|prefix|suffix|substring|regex] NAME SECONDS|MIN-MAX|MIN-|-MAX";
constexpr std::string_view kRcodeUsage = "rcode [exact|prefix|suffix|substring|regex] NAME FROM TO";
constexpr std::string_view kCnameUsage = "cname [exact|prefix|suffix|substring|regex] FROM TO";
constexpr std::string_view kLocalUsage = "edns0 local set|append|replace CODE DATA [revert], edns0 local unset CODE";
constexpr std::string_view kNsidUsage = "edns0 nsid set|append|replace [revert], edns0 nsid unset";
constexpr std::string_view kSubnetUsage =
    "edns0 subnet set|append|replace IPV4-BITS IPV6-BITS [revert], edns0 subnet unset";

std::string Lower(const std::string& text) { return absl::AsciiStrToLower(text); }

std::string WithDot(std::string text) { return text.ends_with('.') ? text : text + "."; }

// The words of one rule, of which those in front have been read.
class RuleReader {
 public:
  RuleReader(absl::Span<const Token> words, const Position& place, const Context& context)
      : words_(words), place_(place), context_(context) {}

  // std::nullopt after an error.
  std::optional<RewriteRule> Read() {
    RewriteRule rule;
    if (TakeWord("continue")) {
      rule.continues = true;
    } else {
      TakeWord("stop");
    }
    if (words_.empty()) {
      context_.errors.Add(place_, "rewrite names no field; expected \"rewrite [continue|stop] FIELD …\"");
      return std::nullopt;
    }
    if (!ReadField(rule)) return std::nullopt;
    return rule;
  }

 private:
  bool ReadField(RewriteRule& rule) {
    const Token& field = words_.front();
    const std::string name = Lower(field.text);
    words_.remove_prefix(1);
    if (name == "name") return ReadName(rule.what.emplace<NameRewrite>());
    if (name == "type") return ReadType(rule.what.emplace<TypeRewrite>());
    if (name == "class") return ReadClass(rule.what.emplace<ClassRewrite>());
    if (name == "ttl") return ReadTtl(rule.what.emplace<TtlRewrite>());
    if (name == "rcode") return ReadRcode(rule.what.emplace<RcodeRewrite>());
    if (name == "cname") return ReadCname(rule.what.emplace<CnameRewrite>());
    if (name == "edns0") return ReadEdns(rule.what.emplace<EdnsRewrite>());
    context_.errors.Add(field.position,
                        "rewrite has the field {}; expected name, type, class, ttl, edns0, cname or rcode{}",
                        Quoted(field.text), DidYouMean(name, kFields));
    return false;
  }

  bool ReadType(TypeRewrite& rewrite) {
    if (!HasWords(2, "type FROM TO")) return false;
    const std::optional<dns::RecordType> from = dns::ParseRecordType(words_[0].text);
    const std::optional<dns::RecordType> to = dns::ParseRecordType(words_[1].text);
    if (!from || !to) return Error(words_[from ? 1 : 0], "record type; expected one such as \"A\"");
    rewrite = {*from, *to};
    return true;
  }

  bool ReadClass(ClassRewrite& rewrite) {
    if (!HasWords(2, "class FROM TO")) return false;
    const std::optional<dns::RecordClass> from = dns::ParseRecordClass(words_[0].text);
    const std::optional<dns::RecordClass> to = dns::ParseRecordClass(words_[1].text);
    if (!from || !to) return Error(words_[from ? 1 : 0], "class; expected IN, CH or HS");
    rewrite = {*from, *to};
    return true;
  }

  bool ReadName(NameRewrite& rewrite) {
    if (words_.size() < 2) return HasWords(2, kNameUsage);
    if (!ReadMatch(words_.size() > 2, rewrite.from)) return false;
    if (words_.empty()) return Error(kNameUsage);
    const Token& to = words_.front();
    if (!CheckGroups(rewrite.from, to)) return false;
    rewrite.to = WithDot(Lower(to.text));
    rewrite.is_reverted = rewrite.from.kind == NameMatch::Kind::kExact;
    if (rewrite.is_reverted && !CheckName(to)) return false;
    words_.remove_prefix(1);
    return ReadAnswers(rewrite);
  }

  // "answer auto | answer name|value FROM TO", of which all but the first "answer" may be left out.
  bool ReadAnswers(NameRewrite& rewrite) {
    bool is_first = true;
    bool is_auto = false;
    while (!words_.empty()) {
      if (!TakeWord("answer") && is_first) return Error(kNameUsage);
      is_first = false;
      if (TakeWord("auto")) {
        rewrite.is_reverted = is_auto = true;
        continue;
      }
      AnswerRewrite answer;
      if (TakeWord("value")) {
        answer.where = AnswerRewrite::Where::kValue;
      } else if (!TakeWord("name")) {
        return Error(kNameUsage);
      }
      if (words_.size() < 2) return Error(kNameUsage);
      if (!ReadRegularExpression(words_[0], answer.pattern, context_)) return false;
      if (!CheckGroups({NameMatch::Kind::kRegex, answer.pattern}, words_[1])) return false;
      answer.to = WithDot(Lower(words_[1].text));
      words_.remove_prefix(2);
      rewrite.answers.push_back(std::move(answer));
    }
    const bool has_owner = absl::c_any_of(
        rewrite.answers, [](const AnswerRewrite& answer) { return answer.where == AnswerRewrite::Where::kOwner; });
    if (is_auto && has_owner) {
      context_.errors.Add(place_, "rewrite has \"answer auto\" and \"answer name\"; expected one of them");
      return false;
    }
    return true;
  }

  bool ReadTtl(TtlRewrite& rewrite) {
    if (words_.size() != 2 && words_.size() != 3) return HasWords(2, kTtlUsage);
    if (!ReadMatch(words_.size() == 3, rewrite.name)) return false;
    if (words_.size() != 1) return Error(kTtlUsage);
    const std::string_view text = words_.front().text;
    const size_t dash = text.find('-');
    constexpr uint32_t kMax = 0x7FFFFFFF;  // RFC 2181 section 8
    const std::string_view first = text.substr(0, dash);
    const std::string_view last = dash == std::string_view::npos ? first : text.substr(dash + 1);
    const bool has_range = dash != std::string_view::npos && text.size() > 1;
    const std::optional<uint32_t> min = has_range && first.empty() ? 0 : ParseNumber(first, kMax);
    const std::optional<uint32_t> max = has_range && last.empty() ? kMax : ParseNumber(last, kMax);
    if (!min || !max || *min > *max) {
      context_.errors.Add(words_.front().position,
                          "ttl is {}; expected seconds, or a range of them such as \"30-300\", \"30-\" or \"-300\"",
                          Quoted(text));
      return false;
    }
    rewrite.min = *min;
    rewrite.max = *max;
    return true;
  }

  bool ReadRcode(RcodeRewrite& rewrite) {
    if (words_.size() != 3 && words_.size() != 4) return HasWords(3, kRcodeUsage);
    if (!ReadMatch(words_.size() == 4, rewrite.name)) return false;
    if (words_.size() != 2) return Error(kRcodeUsage);
    const std::optional<dns::Rcode> from = ParseRcode(words_[0].text);
    const std::optional<dns::Rcode> to = ParseRcode(words_[1].text);
    if (!from || !to) return Error(words_[from ? 1 : 0], "rcode; expected one such as NXDOMAIN, or a number up to 23");
    rewrite.from = *from;
    rewrite.to = *to;
    return true;
  }

  static std::optional<dns::Rcode> ParseRcode(std::string_view text) {
    constexpr uint32_t kMax = 23;
    if (const std::optional<uint32_t> number = ParseNumber(text, kMax)) {
      return dns::Rcode{static_cast<uint16_t>(*number)};
    }
    return dns::ParseRcode(text);
  }

  bool ReadCname(CnameRewrite& rewrite) {
    if (words_.size() != 2 && words_.size() != 3) return HasWords(2, kCnameUsage);
    if (!ReadMatch(words_.size() == 3, rewrite.from)) return false;
    if (words_.size() != 1) return Error(kCnameUsage);
    if (!CheckGroups(rewrite.from, words_.front())) return false;
    rewrite.to = WithDot(Lower(words_.front().text));
    return true;
  }

  bool ReadEdns(EdnsRewrite& rewrite) {
    constexpr std::string_view kUsage = "edns0 local|nsid|subnet set|append|replace|unset …";
    if (words_.size() < 2) return Error(kUsage);
    const std::string kind = Lower(words_[0].text);
    if (!ReadAction(words_[1], rewrite.action)) return false;
    if (kind != "local" && kind != "nsid" && kind != "subnet") {
      context_.errors.Add(words_[0].position, "edns0 is {}; expected local, nsid or subnet", Quoted(words_[0].text));
      return false;
    }
    words_.remove_prefix(2);
    const bool is_unset = rewrite.action == EdnsRewrite::Action::kUnset;
    // What goes back to the client is never what came from upstream.
    if (!is_unset && !words_.empty() && Lower(words_.back().text) == "revert") words_.remove_suffix(1);
    if (kind == "local") return ReadLocal(is_unset, rewrite);
    if (kind == "subnet") return ReadSubnet(is_unset, rewrite);
    rewrite.code = dns::kNsidOption;
    return HasWords(0, kNsidUsage);
  }

  bool ReadAction(const Token& word, EdnsRewrite::Action& action) {
    constexpr std::pair<std::string_view, EdnsRewrite::Action> kActions[] = {
        {"set", EdnsRewrite::Action::kSet},
        {"append", EdnsRewrite::Action::kAppend},
        {"replace", EdnsRewrite::Action::kReplace},
        {"unset", EdnsRewrite::Action::kUnset},
    };
    const auto* found = absl::c_find_if(kActions, [&](const auto& entry) { return entry.first == Lower(word.text); });
    if (found == std::end(kActions)) {
      context_.errors.Add(word.position, "the action is {}; expected set, append, replace or unset", Quoted(word.text));
      return false;
    }
    action = found->second;
    return true;
  }

  bool ReadLocal(bool is_unset, EdnsRewrite& rewrite) {
    if (!HasWords(is_unset ? 1 : 2, kLocalUsage)) return false;
    const std::optional<uint16_t> code = ParseCode(words_[0].text);
    if (!code) return Error(words_[0], "option code; expected 0 to 65535, or in hexadecimal such as \"0xffee\"");
    rewrite.code = *code;
    return is_unset || ReadData(words_[1], rewrite);
  }

  static std::optional<uint16_t> ParseCode(std::string_view text) {
    const int base = text.starts_with("0x") ? 16 : 10;
    if (base == 16) text.remove_prefix(2);
    uint16_t code = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return code;
  }

  bool ReadData(const Token& word, EdnsRewrite& rewrite) {
    const std::string_view text = word.text;
    if (text.starts_with("{") && text.ends_with("}")) return ReadVariable(word, rewrite);
    rewrite.data = text;
    if (text.starts_with("0x")) {
      const std::string digits(text.substr(2));
      if (digits.size() % 2 != 0 || !absl::c_all_of(digits, absl::ascii_isxdigit)) {
        return Error(word, "octets in hexadecimal; expected an even number of digits behind \"0x\"");
      }
      rewrite.data = absl::HexStringToBytes(digits);
    }
    if (rewrite.data.size() <= kMaxData) return true;
    context_.errors.Add(word.position, "the option has {} octets; expected at most {}", rewrite.data.size(), kMaxData);
    return false;
  }

  bool ReadVariable(const Token& word, EdnsRewrite& rewrite) {
    using Value = EdnsRewrite::Value;
    constexpr std::pair<std::string_view, Value> kVariables[] = {
        {"{qname}", Value::kQueryName},         {"{qtype}", Value::kQueryType},
        {"{client_ip}", Value::kClientAddress}, {"{client_port}", Value::kClientPort},
        {"{protocol}", Value::kTransport},      {"{server_ip}", Value::kServerAddress},
        {"{server_port}", Value::kServerPort},
    };
    const auto* found = absl::c_find_if(kVariables, [&](const auto& entry) { return entry.first == word.text; });
    const std::string_view label = std::string_view(word.text).substr(1, word.text.size() - 2);
    if (IsMetadataLabel(label)) {
      rewrite.value = Value::kMetadata;
      rewrite.data = label;
      return true;
    }
    if (found == std::end(kVariables)) {
      return Error(word,
                   "variable; expected {qname}, {qtype}, {client_ip}, {client_port}, {protocol}, {server_ip}, "
                   "{server_port} or a label of metadata");
    }
    rewrite.value = found->second;
    return true;
  }

  bool ReadSubnet(bool is_unset, EdnsRewrite& rewrite) {
    rewrite.code = dns::kClientSubnetOption;
    rewrite.value = EdnsRewrite::Value::kSubnet;
    if (!HasWords(is_unset ? 0 : 2, kSubnetUsage)) return false;
    if (is_unset) return true;
    constexpr uint32_t kIpv4Bits = 32;
    constexpr uint32_t kIpv6Bits = 128;
    const std::optional<uint32_t> ipv4 = ParseNumber(words_[0].text, kIpv4Bits);
    const std::optional<uint32_t> ipv6 = ParseNumber(words_[1].text, kIpv6Bits);
    if (!ipv4) return Error(words_[0], "length of an IPv4 network; expected 0 to 32");
    if (!ipv6) return Error(words_[1], "length of an IPv6 network; expected 0 to 128");
    rewrite.ipv4_bits = static_cast<uint8_t>(*ipv4);
    rewrite.ipv6_bits = static_cast<uint8_t>(*ipv6);
    return true;
  }

  // "[exact|prefix|suffix|substring|regex] TEXT"; without a kind it is exact.
  bool ReadMatch(bool has_kind, NameMatch& match) {
    if (has_kind) {
      const Token& kind = words_.front();
      const auto* found = absl::c_find_if(kMatches, [&](const auto& entry) { return entry.first == Lower(kind.text); });
      if (found == std::end(kMatches)) {
        context_.errors.Add(kind.position, "names match by {}; expected exact, prefix, suffix, substring or regex",
                            Quoted(kind.text));
        return false;
      }
      match.kind = found->second;
      words_.remove_prefix(1);
    }
    if (words_.empty()) return Error("[exact|prefix|suffix|substring|regex] NAME");
    const Token& text = words_.front();
    words_.remove_prefix(1);
    if (match.kind == NameMatch::Kind::kRegex) return ReadRegularExpression(text, match.text, context_);
    match.text = WithDot(Lower(text.text));
    return match.kind != NameMatch::Kind::kExact || CheckName(text);
  }

  bool CheckName(const Token& word) {
    const absl::StatusOr<dns::Name> name = dns::Name::FromText(word.text);
    if (!name.ok()) context_.errors.Add(word.position, name.status());
    return name.ok();
  }

  // What a replacement speaks of must be there.
  bool CheckGroups(const NameMatch& match, const Token& to) {
    if (match.kind != NameMatch::Kind::kRegex) return true;
    const int groups = RE2(match.text, RE2::Quiet).NumberOfCapturingGroups();
    re2::StringPiece text(to.text);
    int group = 0;
    while (RE2::FindAndConsume(&text, R"(\{(\d{1,4})\})", &group)) {
      if (group <= groups) continue;
      context_.errors.Add(to.position, "{} speaks of group {}; expected at most {}, which the expression has",
                          Quoted(to.text), group, groups);
      return false;
    }
    return true;
  }

  bool TakeWord(std::string_view word) {
    if (words_.empty() || Lower(words_.front().text) != word) return false;
    words_.remove_prefix(1);
    return true;
  }

  // Exactly `count` words are left.
  bool HasWords(size_t count, std::string_view usage) { return words_.size() == count || Error(usage); }
  bool Error(std::string_view usage) {
    context_.errors.Add(place_, "rewrite cannot be read as it stands; expected \"{}\"", usage);
    return false;
  }
  bool Error(const Token& word, std::string_view what) {
    context_.errors.Add(word.position, "{} is no {}", Quoted(word.text), what);
    return false;
  }

  static constexpr size_t kMaxData = 255;

  absl::Span<const Token> words_;
  const Position& place_;
  const Context& context_;
};

}  // namespace

void ReadRewrite(const Directive& line, ServerBlockOptions& block, const Context& context) {
  std::vector<Token> words = line.arguments;
  for (const Directive& inner : line.block) {
    words.push_back(inner.name);
    words.insert(words.end(), inner.arguments.begin(), inner.arguments.end());
    RefuseBlock(inner, "rewrite [continue|stop] { … }", context.errors);
  }
  if (std::optional<RewriteRule> rule = RuleReader(words, line.name.position, context).Read()) {
    block.rewrite.push_back(*std::move(rule));
  }
}

}  // namespace podnamed::config
