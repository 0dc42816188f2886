// What `rewrite` directives ask for. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "server/dns/types.h"

namespace podnamed::config {

// Which names a rule is for. They are compared in presentation form, in lower case and with the final dot.
struct NameMatch {
  enum class Kind : uint8_t { kExact, kPrefix, kSuffix, kSubstring, kRegex };
  Kind kind = Kind::kExact;
  std::string text;  // lower case; a regular expression of RE2's, valid, which need not match all of the name
};

struct TypeRewrite {
  dns::RecordType from{};
  dns::RecordType to{};
};

struct ClassRewrite {
  dns::RecordClass from{};
  dns::RecordClass to{};
};

// A name in the reply: of what `pattern` (RE2's) has groups, `to` may speak as {1}.
struct AnswerRewrite {
  enum class Where : uint8_t { kOwner, kValue };
  Where where = Where::kOwner;
  std::string pattern;
  std::string to;
};

struct NameRewrite {
  NameMatch from;
  std::string to;            // in the place of what matched; with a regular expression, whose groups are {1}, of all
  bool is_reverted = false;  // names in the reply, as far as they can be told
  std::vector<AnswerRewrite> answers;
};

struct TtlRewrite {
  NameMatch name;
  uint32_t min = 0;  // seconds
  uint32_t max = 0;
};

struct RcodeRewrite {
  NameMatch name;
  dns::Rcode from{};
  dns::Rcode to{};
};

// Where an alias in the reply leads.
struct CnameRewrite {
  NameMatch from;
  std::string to;  // as NameRewrite's
};

// An option of EDNS that goes upstream.
struct EdnsRewrite {
  enum class Action : uint8_t { kSet, kAppend, kReplace, kUnset };
  enum class Value : uint8_t {
    kData,
    kQueryName,
    kQueryType,
    kClientAddress,
    kClientPort,
    kTransport,
    kServerAddress,
    kServerPort,
    kMetadata,
    kSubnet,
  };
  Action action = Action::kSet;
  uint16_t code = 0;
  Value value = Value::kData;
  std::string data;       // kData: octets; kMetadata: the label
  uint8_t ipv4_bits = 0;  // kSubnet: of the client's address
  uint8_t ipv6_bits = 0;
};

struct RewriteRule {
  bool continues = false;  // to the next rule, when it has changed something
  std::variant<TypeRewrite, ClassRewrite, NameRewrite, TtlRewrite, RcodeRewrite, CnameRewrite, EdnsRewrite> what;
};

}  // namespace podnamed::config
